#include "kubewatch/access/credentials.h"

#include <charconv>
#include <utility>

#include "healthz/configuration_error.h"
#include "healthz/read_file.h"
#include "kubewatch/access/exec_plugin.h"
#include "kubewatch/access/tls_material.h"

namespace canopy::kube {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFile = 1 << 20;  // octets of a token or PEM file

std::string text_of(const fs::path& file, const char* what) {
  FileText read = read_file(file, kMaxFile);
  if (read.ok() && read.text.empty()) read.fault = "is empty";
  if (!read.ok()) {
    throw ConfigurationError(file.string() + ": " + what + " " + read.fault +
                             "; check the path and its permissions");
  }
  return std::move(read.text);
}

std::string trimmed(std::string text) {
  const auto is_space = [](char c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
  };
  while (!text.empty() && is_space(text.back())) text.pop_back();
  std::size_t start = 0;
  while (start < text.size() && is_space(text[start])) ++start;
  return text.substr(start);
}

std::string name_of(const PemSource& source) {
  return source.file.empty() ? "the kubeconfig's inline data"
                             : source.file.string();
}

std::string without_prefix(std::string_view& url, std::string_view prefix) {
  if (url.substr(0, prefix.size()) != prefix) return {};
  url.remove_prefix(prefix.size());
  return std::string(prefix);
}

// A password is not for the log.
std::string without_user(std::string_view url) {
  std::string shown(url);
  const std::size_t at = shown.rfind('@');
  const std::size_t scheme = shown.find("://");
  const std::size_t user = scheme == shown.npos ? 0 : scheme + 3;
  if (at != shown.npos && at > user) shown.replace(user, at - user, "***");
  return shown;
}

}  // namespace

// --- API server addresses -------------------------------------------------

std::string ApiServer::url() const {
  const bool ipv6 = host.find(':') != host.npos;
  return std::string(tls ? "https://" : "http://") + (ipv6 ? "[" : "") + host +
         (ipv6 ? "]" : "") + ":" + std::to_string(port) + prefix;
}

ApiServer api_server_from_url(std::string_view url, std::string_view where) {
  const auto fail = [&, whole = url](const char* why) -> ConfigurationError {
    return ConfigurationError(std::string(where) + ": \"" +
                              without_user(whole) + "\": " + why +
                              "; write https://HOST[:PORT]");
  };
  ApiServer server;
  if (!without_prefix(url, "http://").empty()) {
    server.tls = false;
    server.port = 80;
  } else if (without_prefix(url, "https://").empty()) {
    throw fail("not an http or https URL");
  }
  const std::size_t slash = url.find('/');
  if (slash != url.npos) server.prefix = url.substr(slash);
  while (!server.prefix.empty() && server.prefix.back() == '/') {
    server.prefix.pop_back();
  }
  if (server.prefix.find_first_of("?# ") != std::string::npos) {
    throw fail("more than a host and a path");
  }
  std::string_view authority = url.substr(0, slash);
  if (authority.find('@') != authority.npos)
    throw fail("user names and passwords are not allowed");
  std::string_view port;
  if (!authority.empty() && authority.front() == '[') {
    const std::size_t end = authority.find(']');
    if (end == authority.npos) throw fail("']' is missing");
    server.host = authority.substr(1, end - 1);
    port = authority.substr(end + 1);
  } else {
    const std::size_t colon = authority.find(':');
    server.host = authority.substr(0, colon);
    if (colon != authority.npos) port = authority.substr(colon);
  }
  if (server.host.empty()) throw fail("the host is missing");
  if (port.empty()) return server;
  const char* const end = port.data() + port.size();
  const auto read = std::from_chars(port.data() + 1, end, server.port);
  if (port.front() != ':' || port.size() < 2 || read.ec != std::errc() ||
      read.ptr != end || server.port < 1 || server.port > 65535) {
    throw fail("the port is not a number from 1 to 65535");
  }
  return server;
}

std::string PemSource::pem() const {
  return file.empty() ? inline_pem : text_of(file, "PEM data");
}

ClusterAccess access_in_cluster(const fs::path& service_account,
                                const Environment& environment) {
  const std::string host = environment("KUBERNETES_SERVICE_HOST").value_or("");
  std::string port = environment("KUBERNETES_SERVICE_PORT").value_or("");
  std::error_code error;
  if (host.empty() || !fs::exists(service_account / "token", error)) {
    throw ConfigurationError(
        "no cluster to serve: this is not a pod with a service account; give "
        "--manifests=PATH, --kubeconfig=FILE or --kube-master-url=URL");
  }
  if (port.empty()) port = "443";
  const bool ipv6 = host.find(':') != host.npos;
  ClusterAccess access;
  access.server = api_server_from_url(
      "https://" + (ipv6 ? "[" + host + "]" : host) + ":" + port,
      "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT");
  access.token_file = service_account / "token";
  access.authority.file = service_account / "ca.crt";
  return access;
}

ClusterAccess access_from_url(std::string_view url) {
  ClusterAccess access;
  access.server = api_server_from_url(url, "--kube-master-url");
  return access;
}

// --- credentials ----------------------------------------------------------

Credentials::Credentials(ClusterAccess access, Clock clock)
    : access_(std::move(access)), clock_(std::move(clock)) {
  check();
}

void Credentials::check() const {
  if (!access_.token_file.empty()) text_of(access_.token_file, "the token");
  if (access_.authority.is_set() &&
      certificates_from_pem(access_.authority.pem()).empty()) {
    throw ConfigurationError(name_of(access_.authority) +
                             ": contains no CA certificate; it must be PEM");
  }
  if (!access_.certificate.is_set() && !access_.key.is_set()) return;
  const auto certificates = certificates_from_pem(access_.certificate.pem());
  if (certificates.empty()) {
    throw ConfigurationError(
        name_of(access_.certificate) +
        ": contains no client certificate; it must be PEM");
  }
  const KeyPtr key = key_from_pem(access_.key.pem());
  if (!key) {
    throw ConfigurationError(
        name_of(access_.key) +
        ": contains no client key; it must be PEM without a password");
  }
  if (!belong_together(*certificates.front(), *key)) {
    throw ConfigurationError(name_of(access_.key) +
                             ": the key does not match the certificate in " +
                             name_of(access_.certificate));
  }
}

Identity Credentials::current() {
  if (access_.exec) return from_plugin();
  Identity identity;
  // Projected tokens are replaced in their file about every hour.
  identity.token = access_.token_file.empty()
                       ? access_.token
                       : trimmed(text_of(access_.token_file, "the token"));
  if (access_.certificate.is_set()) {
    identity.certificate_pem = access_.certificate.pem();
    identity.key_pem = access_.key.pem();
  }
  return identity;
}

Identity Credentials::from_plugin() {
  const std::lock_guard lock(mutex_);
  const double now =
      std::chrono::duration<double>(clock_().time_since_epoch()).count();
  if (!issued_ || (issued_->expires != 0 && issued_->expires <= now)) {
    issued_.reset();
    ExecCredential said = run_exec_plugin(*access_.exec, access_, stopping_);
    issued_ = Issued{std::move(said.identity), said.expires};
  }
  return issued_->identity;
}

void Credentials::refused() {
  const std::lock_guard lock(mutex_);
  issued_.reset();
}

}  // namespace canopy::kube
