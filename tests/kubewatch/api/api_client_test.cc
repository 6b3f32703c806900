#include "kubewatch/api/api_client.h"

#include <doctest/doctest.h>

#include <atomic>
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
      if (!reply.why.ends_with("cannot connect")) break;
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

TEST_CASE("a reply over TLS has the limits of one over TCP") {
  TestFolder folder;
  const TestCertificates& made = test_certificates();
  ScriptedApi api(std::make_unique<httplib::SSLServer>(
      folder.write("server.crt", made.server).c_str(),
      folder.write("server.key", made.server_key).c_str()));
  std::atomic<std::size_t> size = 0;
  api.server().Get("/x", [&](const auto&, httplib::Response& reply) {
    reply.set_header("X", std::string(size, 'a'));
    reply.set_content("{}", "application/json");
  });
  api.server().Get("/large", [&](const auto&, httplib::Response& reply) {
    reply.set_content(std::string(3 << 20, 'x'), "application/json");
  });
  api.start();
  ClusterAccess access;
  access.server = {true, "127.0.0.1", api.port(), ""};
  access.authority.inline_pem = made.authority;
  Credentials credentials(access);
  ApiClient client(credentials);
  std::size_t octets = 0;
  const auto ask = [&](const std::string& path) {
    octets = 0;
    return client.get({.path = path}, [&](std::string_view bytes) {
      octets += bytes.size();
      return true;
    });
  };
  size = 8000;
  CHECK(ask("/x").end == ApiReply::End::kWhole);
  size = 9000;
  const ApiReply reply = ask("/x");
  CHECK(reply.end == ApiReply::End::kFailed);
  CHECK(reply.why ==
        access.server.url() + ": a header line is longer than 8 KiB");
  CHECK(ask("/large").end == ApiReply::End::kWhole);
  CHECK(octets == 3 << 20);
}
