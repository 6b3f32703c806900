#include "server/config/kube_dns_config.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "healthz/configuration_error.h"
#include "healthz/json.h"
#include "healthz/read_file.h"
#include "server/config/text_values.h"

namespace canopy {
namespace {

constexpr const char* kUpstreamFile = "upstreamNameservers";
constexpr const char* kStubFile = "stubDomains";
constexpr std::size_t kMaxUpstreams = 3;  // the limit of kube-dns
constexpr std::uint16_t kDnsPort = 53;
constexpr std::size_t kMaxFile = 1 << 20;  // the limit of a ConfigMap

std::optional<std::string> read_key(const std::string& folder,
                                    const char* file) {
  const std::string path = folder + "/" + file;
  FileText read = read_file(path, kMaxFile);
  if (read.missing) return std::nullopt;
  if (!read.ok()) {
    throw ConfigurationError(path + ": " + read.fault +
                             "; replace it with a JSON file, or remove it");
  }
  // A key with an empty value counts as not set, as in kube-dns.
  if (read.text.find_first_not_of(" \t\r\n") == std::string::npos) {
    return std::nullopt;
  }
  return std::move(read.text);
}

// Returns the typographic quote at the start of `text`, if any.  Editors and
// web pages write such quotes where JSON needs plain ones.
std::string typographic_quote_at(std::string_view text) {
  struct Quote {
    std::string_view octets;
    std::string_view code;
  };
  for (const Quote& quote :
       {Quote{"\u201c", "U+201C"}, Quote{"\u201d", "U+201D"},
        Quote{"\u201e", "U+201E"}, Quote{"\u201f", "U+201F"},
        Quote{"\u2018", "U+2018"}, Quote{"\u2019", "U+2019"},
        Quote{"\u00ab", "U+00AB"}, Quote{"\u00bb", "U+00BB"}}) {
    if (!text.starts_with(quote.octets)) continue;
    return ": the quote " + std::string(quote.octets) + " (" +
           std::string(quote.code) + ") is not valid in JSON; use \"";
  }
  return text.starts_with('\'') ? ": use \" instead of '" : "";
}

rapidjson::Document parse_json(const std::string& text) {
  rapidjson::Document document;
  document.Parse<json::kParseFlags>(text.data(), text.size());
  if (document.HasParseError()) {
    const std::size_t at = std::min(document.GetErrorOffset(), text.size());
    throw ConfigurationError(
        std::string("is not JSON: ") +
        rapidjson::GetParseError_En(document.GetParseError()) + " (at octet " +
        std::to_string(at + 1) + ")" +
        typographic_quote_at(std::string_view(text).substr(at)));
  }
  return document;
}

std::string text_of(const json::Value& value) {
  return {value.GetString(), value.GetStringLength()};
}

std::vector<SocketAddress> upstreams_of(const std::string& text) {
  const rapidjson::Document document = parse_json(text);
  if (!document.IsArray()) {
    throw ConfigurationError(
        "is not a JSON list such as [\"8.8.8.8\", \"1.1.1.1\"]");
  }
  if (document.Size() > kMaxUpstreams) {
    throw ConfigurationError("has " + std::to_string(document.Size()) +
                             " servers; at most 3 are allowed");
  }
  std::vector<SocketAddress> servers;
  for (const json::Value& item : document.GetArray()) {
    if (!item.IsString()) {
      throw ConfigurationError(
          "has an item that is not a string; write \"8.8.8.8\"");
    }
    try {
      servers.push_back(server_value(text_of(item)));
    } catch (const ConfigurationError& error) {
      throw ConfigurationError("has \"" + text_of(item) + "\", which " +
                               error.what());
    }
  }
  return servers;
}

// RFC 1123 section 2.1, in lower case, as Kubernetes requires.
bool is_dns_subdomain(std::string_view text) {
  const auto is_alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  };
  if (text.empty() || text.size() > 253) return false;
  while (true) {
    const auto dot = text.find('.');
    const std::string_view label = text.substr(0, dot);
    if (label.empty() || label.size() > 63 || !is_alphanumeric(label.front()) ||
        !is_alphanumeric(label.back()) ||
        !std::all_of(label.begin(), label.end(),
                     [&](char c) { return is_alphanumeric(c) || c == '-'; })) {
      return false;
    }
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

// Parses "ns.example.com" or "ns.example.com:5353"; nothing if it is neither.
std::optional<NamedServer> named_server(const std::string& text) {
  const auto colon = text.find(':');
  std::string host = text.substr(0, colon);
  std::uint16_t port = kDnsPort;
  if (colon != std::string::npos) {
    try {
      port = port_value(std::string_view(text).substr(colon + 1));
    } catch (const ConfigurationError&) {
      return std::nullopt;
    }
  }
  if (host.ends_with('.')) host.pop_back();
  // Only digits and dots: an invalid address, not a name.
  if (host.find_first_not_of("0123456789.") == std::string::npos) {
    return std::nullopt;
  }
  if (port == 0 || !is_dns_subdomain(host)) return std::nullopt;
  return NamedServer{*Name::from_text(host), port};
}

std::variant<SocketAddress, NamedServer> stub_server(const std::string& text) {
  if (auto named = named_server(text)) return *named;
  try {
    return server_value(text);
  } catch (const ConfigurationError& error) {
    throw ConfigurationError("has \"" + text + "\", which " + error.what() +
                             ", or a DNS name");
  }
}

StubDomain stub_domain(const std::string& domain, const json::Value& servers) {
  const std::string_view bare =
      domain.ends_with('.')
          ? std::string_view(domain).substr(0, domain.size() - 1)
          : std::string_view(domain);
  if (!is_dns_subdomain(bare)) {
    throw ConfigurationError("has the key \"" + domain +
                             "\", which is not a lower-case domain name");
  }
  if (!servers.IsArray()) {
    throw ConfigurationError("has no list of servers for \"" + domain +
                             "\"; write {\"" + domain + "\": [\"10.0.0.1\"]}");
  }
  if (servers.Empty()) {
    throw ConfigurationError(
        "has no server for \"" + domain +
        "\"; give one, such as \"10.0.0.1\", or remove the domain");
  }
  StubDomain stub{*Name::from_text(bare), {}};
  for (const json::Value& server : servers.GetArray()) {
    if (!server.IsString()) {
      throw ConfigurationError("has a server for \"" + domain +
                               "\" that is not a string");
    }
    stub.servers.push_back(stub_server(text_of(server)));
  }
  return stub;
}

std::vector<StubDomain> stub_domains_of(const std::string& text) {
  const rapidjson::Document document = parse_json(text);
  if (!document.IsObject()) {
    throw ConfigurationError(
        "is not a JSON map such as {\"corp.example\": [\"10.0.0.1\"]}");
  }
  std::vector<StubDomain> domains;
  for (const auto& member : document.GetObject()) {
    domains.push_back(stub_domain(text_of(member.name), member.value));
  }
  return domains;
}

// Adds the file's name in front of errors.
template <typename Parse>
auto parse_file(const std::string& folder, const char* file,
                const std::string& text, Parse parse) {
  try {
    return parse(text);
  } catch (const ConfigurationError& error) {
    throw ConfigurationError(folder + "/" + file + ": " + error.what());
  }
}

}  // namespace

KubeDnsTexts read_kube_dns_config(const std::string& folder) {
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) {
    throw ConfigurationError(folder + ": " + std::strerror(errno) +
                             "; create it or correct --config-dir");
  }
  if (!S_ISDIR(status.st_mode)) {
    throw ConfigurationError(folder +
                             ": is not a folder; correct --config-dir");
  }
  return {read_key(folder, kUpstreamFile), read_key(folder, kStubFile)};
}

KubeDnsConfig parse_config(const std::string& folder,
                           const KubeDnsTexts& texts) {
  KubeDnsConfig config;
  if (texts.upstream_nameservers) {
    auto servers = parse_file(folder, kUpstreamFile,
                              *texts.upstream_nameservers, upstreams_of);
    if (!servers.empty()) config.upstream_nameservers = std::move(servers);
  }
  if (texts.stub_domains) {
    config.stub_domains =
        parse_file(folder, kStubFile, *texts.stub_domains, stub_domains_of);
  }
  return config;
}

}  // namespace canopy
