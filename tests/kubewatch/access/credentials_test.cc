#include "kubewatch/access/credentials.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <chrono>
#include <map>
#include <stdexcept>
#include <string>

#include "healthz/configuration_error.h"
#include "kubewatch/access/base64.h"
#include "kubewatch/access/exec_plugin.h"
#include "tests/kubewatch/folder.h"
#include "tests/kubewatch/test_certificates.h"

using namespace canopy;
using namespace canopy::kube;
namespace fs = std::filesystem;

namespace {

std::string kubeconfig(const std::string& cluster, const std::string& user) {
  return "apiVersion: v1\nkind: Config\ncurrent-context: here\n"
         "contexts:\n- name: other\n  context: {cluster: x, user: y}\n"
         "- name: here\n  context: {cluster: c, user: u}\n"
         "clusters:\n- name: c\n  cluster: {" +
         cluster + "}\nusers:\n- name: u\n  user: {" + user + "}\n";
}

const std::string kServer = "server: 'https://10.0.0.1:6443'";

template <typename Action>
std::string error_of(const Action& action) {
  try {
    action();
  } catch (const ConfigurationError& error) {
    return error.what();
  }
  return "no error";
}

std::string kubeconfig_error(const std::string& text) {
  TestFolder folder;
  const fs::path file = folder.write("config", text);
  std::string why =
      error_of([&] { Credentials{access_from_kubeconfig(file, "")}; });
  const std::string name = folder.path().string() + "/";
  for (std::size_t at; (at = why.find(name)) != why.npos;) {
    why.erase(at, name.size());
  }
  return why;
}

fs::path script(const TestFolder& folder, const std::string& text) {
  const fs::path file = folder.write("plugin", "#!/bin/sh\n" + text);
  ::chmod(file.c_str(), 0755);
  return file;
}

ClusterAccess with_plugin(const fs::path& command) {
  ClusterAccess access;
  access.server = {true, "10.0.0.1", 443, ""};
  access.exec = ExecPlugin{};
  access.exec->command = command.string();
  access.exec->api_version = "client.authentication.k8s.io/v1";
  return access;
}

std::string credential(const std::string& status) {
  return R"({"kind":"ExecCredential","apiVersion":)"
         R"("client.authentication.k8s.io/v1","status":{)" +
         status + "}}";
}

}  // namespace

TEST_CASE("base64 there and back") {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  for (std::size_t size = 0; size <= all.size(); ++size) {
    const std::string octets = all.substr(all.size() - size);
    CHECK(from_base64(to_base64(octets)) == octets);
  }
  CHECK(to_base64("abcd") == "YWJjZA==");
  CHECK(to_base64("") == "");
}

TEST_CASE("base64 in lines, as base64(1) and kubeconfigs write it") {
  for (const char* text :
       {"YWJj\n ZA==\n", "YWJjZA==", " YWJjZA==", "Y\r\nW\tJ jZA=\n=\n"}) {
    CAPTURE(text);
    CHECK(from_base64(text) == "abcd");
  }
  CHECK(from_base64(" \n") == "");
  const std::string pem(5000, 'x');
  std::string lines = to_base64(pem);
  for (std::size_t at = 76; at < lines.size(); at += 77) lines.insert(at, "\n");
  CHECK(from_base64(lines) == pem);
}

TEST_CASE("what is not base64 is refused as a whole") {
  for (const std::string bad :
       {"a", "YWJjZA=", "YW=j", "Y*Jj", "YWJj-", "-YWJj",
        "YWJj_w==", "YWJjZA==YWJj",
        "YWJjZA===", "YWJj=", "====", "Z===", "\xff\xff\xff\xff",
        "-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n"}) {
    CAPTURE(bad);
    CHECK_FALSE(from_base64(bad));
  }
  CHECK_FALSE(from_base64(std::string("YWJ\0", 4)));
  CHECK(from_base64(std::string(kMaxBase64, 'A')));
  CHECK_FALSE(from_base64(std::string(kMaxBase64 + 4, 'A')));
}

TEST_CASE("API server addresses") {
  struct Row {
    const char* url;
    const char* written;
  };
  const Row rows[] = {
      {"https://10.0.0.1", "https://10.0.0.1:443"},
      {"http://localhost:8080/", "http://localhost:8080"},
      {"https://[2001:db8::1]:6443", "https://[2001:db8::1]:6443"},
      {"https://a.example/k8s/c-1/", "https://a.example:443/k8s/c-1"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.url);
    CHECK(access_from_url(row.url).server.url() == row.written);
  }
  for (const char* bad : {"", "10.0.0.1:6443", "ftp://a", "https://",
                          "https://a:0", "https://a:70000", "https://a:b",
                          "https://[::1", "https://a/?x", "https://a:"}) {
    CAPTURE(bad);
    CHECK(error_of([&] {
            access_from_url(bad);
          }).starts_with("--kube-master-url: \"" + std::string(bad) + "\""));
  }
}

TEST_CASE("a kubeconfig's current context, in YAML and in JSON") {
  TestFolder folder;
  const fs::path yaml = folder.write(
      "config", kubeconfig(kServer + ", tls-server-name: api.example, "
                                     "insecure-skip-tls-verify: true",
                           "token: secret"));
  const ClusterAccess access = access_from_kubeconfig(yaml, "");
  CHECK(access.server.url() == "https://10.0.0.1:6443");
  CHECK(access.server_name == "api.example");
  CHECK(access.insecure);
  CHECK(Credentials(access).current().token == "secret");
  CHECK(access_from_kubeconfig(yaml, "http://127.0.0.1:8001").server.url() ==
        "http://127.0.0.1:8001");

  const fs::path json = folder.write(
      "config.json",
      R"({"current-context":"a","contexts":[{"name":"a","context":)"
      R"({"cluster":"c"}}],"clusters":[{"name":"c","cluster":)"
      R"({"server":"http://127.0.0.1:8080"}}]})");
  CHECK(access_from_kubeconfig(json, "").server.url() ==
        "http://127.0.0.1:8080");
}

TEST_CASE("a kubeconfig's files are relative to its folder") {
  TestFolder folder;
  const TestCertificates& certificates = test_certificates();
  folder.write("keys/ca.crt", certificates.authority);
  folder.write("keys/client.crt", certificates.client);
  folder.write("keys/client.key", certificates.client_key);
  folder.write("keys/token", "from-file\n");
  const fs::path file = folder.write(
      "config",
      kubeconfig(kServer + ", certificate-authority: keys/ca.crt",
                 "token: inline, tokenFile: keys/token, client-certificate: "
                 "keys/client.crt, client-key: keys/client.key"));
  Credentials credentials(access_from_kubeconfig(file, ""));
  CHECK(credentials.current().token == "from-file");
  CHECK(credentials.current().certificate_pem == certificates.client);
  folder.write("keys/token", "rotated");
  CHECK(credentials.current().token == "rotated");
}

TEST_CASE("a kubeconfig's inline data") {
  TestFolder folder;
  const TestCertificates& certificates = test_certificates();
  const fs::path file = folder.write(
      "config",
      kubeconfig(
          kServer + ", certificate-authority-data: " +
              to_base64(certificates.authority),
          "client-certificate-data: " + to_base64(certificates.client) +
              ", client-key-data: " + to_base64(certificates.client_key)));
  Credentials credentials(access_from_kubeconfig(file, ""));
  CHECK(credentials.access().authority.pem() == certificates.authority);
  CHECK(credentials.current().key_pem == certificates.client_key);
}

TEST_CASE("what is wrong with a kubeconfig is said in one line") {
  const std::string ca = to_base64(test_certificates().authority);
  const std::string key = to_base64(test_certificates().client_key);
  struct Row {
    std::string text;
    const char* why;
  };
  const Row rows[] = {
      {"", "config: is not a kubeconfig"},
      {"kind: Config",
       "config: has no current-context; set one with kubectl "
       "config use-context"},
      {"current-context: x", "config: there is no context \"x\" in contexts"},
      {kubeconfig("a: b", ""), "config: the cluster has no server"},
      {kubeconfig("server: nonsense", ""),
       "config: server: \"nonsense\": not an http or https URL; write "
       "https://HOST[:PORT]"},
      {kubeconfig(kServer + ", proxy-url: 'http://p'", ""),
       "config: proxy-url is not supported; remove it and reach the API "
       "server directly"},
      {kubeconfig(kServer + ", insecure-skip-tls-verify: maybe", ""),
       "config: insecure-skip-tls-verify must be true or false"},
      {kubeconfig(kServer + ", certificate-authority: no.crt", ""),
       "no.crt: PEM data cannot be read: No such file or directory; check the "
       "path and its permissions"},
      {kubeconfig(kServer + ", certificate-authority-data: '?'", ""),
       "config: certificate-authority-data is not base64; encode the PEM file "
       "with base64 -w0"},
      {kubeconfig(kServer + ", certificate-authority-data: YWJj", ""),
       "the kubeconfig's inline data: contains no CA certificate; it must be "
       "PEM"},
      {kubeconfig(kServer, "tokenFile: none"),
       "none: the token cannot be read: No such file or directory; check the "
       "path and its permissions"},
      {kubeconfig(kServer, "client-certificate-data: " + ca),
       "config: client-certificate and client-key must come together"},
      {kubeconfig(kServer, "client-certificate-data: " + ca +
                               ", client-key-data: " + key),
       "the kubeconfig's inline data: the key does not match the certificate "
       "in the kubeconfig's inline data"},
      {kubeconfig(kServer, "username: a, password: b"),
       "config: username and password are not supported; use a token or a "
       "client certificate"},
      {kubeconfig(kServer, "token: x, as: admin"),
       "config: as (impersonation) is not supported; use a user that has the "
       "rights itself"},
      {kubeconfig(kServer, "auth-provider: {name: gcp}"),
       "config: auth-provider is not supported; use an exec plugin"},
      {kubeconfig(kServer, "exec: {apiVersion: x, command: y}"),
       "config: exec apiVersion \"x\" is not supported; use "
       "client.authentication.k8s.io/v1"},
      {kubeconfig(kServer, "exec: {apiVersion: x}"),
       "config: exec has no command"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(kubeconfig_error(row.text) == row.why);
  }
  CHECK(kubeconfig_error("a: 1\nb: [1\nc: 2\n").starts_with("config:3:"));
  CHECK(error_of([] { access_from_kubeconfig("/nonexistent/config", ""); }) ==
        "/nonexistent/config: cannot be read: No such file or directory; "
        "check the path and its permissions");
}

TEST_CASE("a URL with a password is refused, and the password is not told") {
  CHECK(error_of([] { access_from_url("https://me:secret@api.test"); }) ==
        "--kube-master-url: \"https://***@api.test\": user names and passwords "
        "are not allowed; write https://HOST[:PORT]");
}

TEST_CASE("a pod's service account") {
  TestFolder folder;
  folder.write("token", "t1");
  folder.write("ca.crt", test_certificates().authority);
  std::map<std::string, std::string> variables{
      {"KUBERNETES_SERVICE_HOST", "10.96.0.1"},
      {"KUBERNETES_SERVICE_PORT", "6443"}};
  const Environment environment = [&](const std::string& name) {
    return variables[name];
  };
  Credentials credentials(access_in_cluster(folder.path(), environment));
  CHECK(credentials.access().server.url() == "https://10.96.0.1:6443");
  CHECK(credentials.current().token == "t1");
  folder.write("token", "t2");
  CHECK(credentials.current().token == "t2");
  variables["KUBERNETES_SERVICE_HOST"] = "2001:db8::1";
  CHECK(access_in_cluster(folder.path(), environment).server.url() ==
        "https://[2001:db8::1]:6443");
  variables.erase("KUBERNETES_SERVICE_HOST");
  CHECK(error_of([&] { access_in_cluster(folder.path(), environment); }) ==
        "no cluster to serve: this is not a pod with a service account; give "
        "--manifests=PATH, --kubeconfig=FILE or --kube-master-url=URL");
}

TEST_CASE("a plugin is run again when what it said has run out") {
  TestFolder folder;
  const fs::path command = script(
      folder, "cd " + folder.path().string() +
                  "\necho x >> runs\nprintf %s \"$KUBERNETES_EXEC_INFO\" > info"
                  "\nprintf '%s' '" +
                  credential(R"("token":"tNUM","expirationTimestamp":)"
                             R"("2024-05-01T12:00:00Z")") +
                  "' | sed \"s/NUM/$(wc -l < runs | tr -d ' ')/\"\n");
  auto now = std::chrono::system_clock::time_point(
      std::chrono::seconds(1714564800 - 60));
  Credentials credentials(with_plugin(command), [&] { return now; });
  CHECK(credentials.current().token == "t1");
  CHECK(credentials.current().token == "t1");
  credentials.refused();
  CHECK(credentials.current().token == "t2");
  now += std::chrono::minutes(2);
  CHECK(credentials.current().token == "t3");
  std::ifstream info(folder / "info");
  const std::string told{std::istreambuf_iterator<char>(info), {}};
  CHECK(told == R"({"apiVersion":"client.authentication.k8s.io/v1",)"
                R"("kind":"ExecCredential","spec":{"interactive":false}})");
}

TEST_CASE("a plugin gets the cluster as valid JSON, whatever its texts hold") {
  TestFolder folder;
  ClusterAccess access = with_plugin(
      script(folder, "cd " + folder.path().string() +
                         "\nprintf %s \"$KUBERNETES_EXEC_INFO\" > info"
                         "\nprintf '%s' '" +
                         credential(R"("token":"t")") + "'\n"));
  access.exec->provide_cluster_info = true;
  access.server_name = "a\tb\x01\"\\\xc3\xa4\xff<";
  access.insecure = true;
  CHECK(Credentials(access).current().token == "t");
  std::ifstream info(folder / "info");
  const std::string told{std::istreambuf_iterator<char>(info), {}};
  CHECK(told == R"({"apiVersion":"client.authentication.k8s.io/v1",)"
                R"("kind":"ExecCredential","spec":{"interactive":false,)"
                R"("cluster":{"server":"https://10.0.0.1:443",)"
                R"("tls-server-name":"a\tb\u0001\"\\)"
                "\xc3\xa4\ufffd"
                R"(\u003c","insecure-skip-tls-verify":true}}})");
}

TEST_CASE("a plugin has the open files it is given") {
  TestFolder folder;
  const fs::path command = script(
      folder,
      "echo '{\"apiVersion\":\"client.authentication.k8s.io/v1\","
      "\"kind\":\"ExecCredential\",\"status\":{\"token\":\"'$(ulimit -Sn)"
      "'\"}}'\n");
  ClusterAccess access = with_plugin(command);
  const std::string ours = Credentials(access).current().token;
  CHECK(ours != "77");
  access.exec->open_files = 77;
  CHECK(Credentials(access).current().token == "77");
}

TEST_CASE("a plugin that fails says why") {
  TestFolder folder;
  const auto why = [&](const ClusterAccess& access) -> std::string {
    try {
      Credentials(access).current();
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "no error";
  };
  const std::string name = "exec plugin \"" + (folder / "plugin").string();
  CHECK(why(with_plugin(folder / "plugin")) ==
        name + "\": cannot be run: No such file or directory");
  CHECK(why(with_plugin(script(folder, "exit 3\n"))) ==
        name + "\": exit status 3");
  CHECK(why(with_plugin(script(folder, "echo '{'\n")))
            .starts_with(name + "\": its output is not JSON"));
  CHECK(why(with_plugin(script(folder, "echo '{}'\n"))) ==
        name + "\": its output is not an ExecCredential");
  ClusterAccess slow = with_plugin(script(folder, "exec sleep 60\n"));
  slow.exec->timeout = std::chrono::seconds(0);
  slow.exec->install_hint = "install it\nfrom there";
  CHECK(why(slow) == name + "\": no answer within 0 s (install it)");
}

TEST_CASE("an ExecCredential's forms") {
  const std::string v1 = "client.authentication.k8s.io/v1";
  CHECK(
      decode_exec_credential(credential(R"("token":"t")"), v1).identity.token ==
      "t");
  const ExecCredential both = decode_exec_credential(
      credential(R"("clientCertificateData":"c\n","clientKeyData":"k\n")"), v1);
  CHECK(both.identity.certificate_pem == "c\n");
  CHECK(both.identity.key_pem == "k\n");
  CHECK(both.expires == 0);
  CHECK_THROWS_AS(decode_exec_credential(credential(""), v1),
                  std::runtime_error);
  CHECK_THROWS_AS(
      decode_exec_credential(credential(R"("token":"t")"),
                             "client.authentication.k8s.io/v1beta1"),
      std::runtime_error);
}
