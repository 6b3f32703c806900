#include "kubewatch/api_client.h"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include "tests/kubewatch/folder.h"
#include "tests/kubewatch/scripted_api.h"
#include "tests/kubewatch/test_certificates.h"

using namespace canopy;
using namespace canopy::kube;

TEST_CASE("what is thrown while a reply is taken fails the request") {
  ScriptedApi api;
  api.server().Get("/x", [](const auto&, httplib::Response& reply) {
    reply.set_content("{}", "application/json");
  });
  api.start();
  ClusterAccess access;
  access.server = {false, "127.0.0.1", api.port(), ""};
  Credentials credentials(access);
  ApiClient client(credentials);
  const ApiReply failed = client.get(
      {.path = "/x"},
      [](std::string_view) -> bool { throw std::runtime_error("no room"); });
  CHECK(failed.end == ApiReply::End::kFailed);
  CHECK(failed.why == "no room");
  const ApiReply next =
      client.get({.path = "/x"}, [](std::string_view) { return true; });
  CHECK(next.end == ApiReply::End::kWhole);
}

TEST_CASE("TLS: who we are, and who we trust") {
  TestFolder folder;
  const TestCertificates& made = test_certificates();
  const auto certificate = folder.write("server.crt", made.server);
  const auto key = folder.write("server.key", made.server_key);
  const auto authority = folder.write("ca.crt", made.authority);

  const auto ask = [&](const std::function<void(ClusterAccess&)>& change) {
    ScriptedApi api(std::make_unique<httplib::SSLServer>(
        certificate.c_str(), key.c_str(), authority.c_str()));
    api.server().Get("/x", [](const auto&, httplib::Response& reply) {
      reply.set_content("{}", "application/json");
    });
    api.start();
    ClusterAccess access;
    access.server = {true, "127.0.0.1", api.port(), ""};
    access.authority.inline_pem = made.authority;
    access.certificate.inline_pem = made.client;
    access.key.inline_pem = made.client_key;
    change(access);
    Credentials credentials(access);
    ApiClient client(credentials);
    ApiReply reply;
    for (int i = 0; i < 3; ++i) {  // "localhost" is ::1 too
      reply = client.get({.path = "/x"}, [](std::string_view) { return true; });
      if (!reply.why.ends_with("no connection")) break;
    }
    if (reply.end == ApiReply::End::kWhole) return std::string("whole");
    const std::string url = access.server.url() + ": ";
    return reply.why.starts_with(url) ? reply.why.substr(url.size())
                                      : reply.why;
  };

  CHECK(ask([](ClusterAccess&) {}) == "whole");
  CHECK(ask([](ClusterAccess& access) { access.server.host = "localhost"; }) ==
        "the server's certificate is for another name");
  CHECK(ask([](ClusterAccess& access) {
          access.server_name = "api.example";
        }) == "whole");
  CHECK(ask([](ClusterAccess& access) {
          access.server.host = "localhost";
          access.server_name = "127.0.0.1";
        }) == "whole");
  CHECK(ask([](ClusterAccess& access) {
          access.server_name = "other.example";
        }) == "the server's certificate is for another name");
  CHECK(ask([](ClusterAccess& access) {
          access.authority = {};
        }).starts_with("the server's certificate is not trusted: "));
  CHECK(ask([](ClusterAccess& access) {
          access.authority = {};
          access.insecure = true;
        }) == "whole");
  CHECK(ask([&](ClusterAccess& access) {
          access.authority.inline_pem = made.client;
        }).starts_with("the server's certificate is not trusted: "));
  CHECK(ask([](ClusterAccess& access) {
          access.certificate = {};
          access.key = {};
        }) != "whole");
}
