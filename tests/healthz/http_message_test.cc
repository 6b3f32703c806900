#include "healthz/http_message.h"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

namespace canopy {
namespace {

TEST_CASE("a target is a path and parameters") {
  const HttpRequest request =
      request_for("/debug/zone?name=a.b&type=A&&empty=&bare");
  CHECK(request.path == "/debug/zone");
  CHECK(request.parameters ==
        std::map<std::string, std::string>{
            {"name", "a.b"}, {"type", "A"}, {"empty", ""}, {"bare", ""}});
}

TEST_CASE("escapes are decoded, and what is none stands for itself") {
  const HttpRequest request =
      request_for("/a%2Fb+c?n%61me=x%20y+z%3d%26&p=100%&q=%zz%4");
  CHECK(request.path == "/a/b+c");
  CHECK(request.parameters ==
        std::map<std::string, std::string>{
            {"name", "x y z=&"}, {"p", "100%"}, {"q", "%zz%4"}});
}

TEST_CASE("the last of two parameters of one name wins") {
  CHECK(request_for("/?a=1&a=2").parameters.at("a") == "2");
}

TEST_CASE("a target without a query has no parameters") {
  CHECK(request_for("/healthz").parameters.empty());
  CHECK(request_for("/healthz?").parameters.empty());
  CHECK(request_for("").path.empty());
}

TEST_CASE("only exact paths have pages") {
  HttpRoutes routes;
  routes.add("/a", [](const HttpRequest&) { return HttpResponse{}; });
  CHECK(routes.respond(request_for("/a?x=y")).status == 200);
  CHECK(routes.respond(request_for("/a/")).status == 404);
  CHECK(routes.respond(request_for("/A")).status == 404);
  CHECK(routes.respond(request_for("a")).status == 404);
}

TEST_CASE("a page that fails is a 500 that tells the client nothing") {
  HttpRoutes routes;
  routes.add("/a", [](const HttpRequest&) -> HttpResponse {
    throw std::runtime_error("secret");
  });
  const HttpResponse response = routes.respond(request_for("/a"));
  CHECK(response.status == 500);
  CHECK(response.body.find("secret") == std::string::npos);
}

}  // namespace
}  // namespace canopy
