#include "kubewatch/objects/label_selector.h"

#include <doctest/doctest.h>

#include <string>

#include "healthz/configuration_error.h"

using namespace canopy;
using namespace canopy::kube;

TEST_CASE("label selectors as Kubernetes writes them") {
  const KubeLabels labels{
      {"app", "web"}, {"tier", "front"}, {"example.com/a", ""}};
  struct Row {
    const char* selector;
    bool matches;
  };
  const Row rows[] = {
      {"", true},
      {"app=web", true},
      {"app==web", true},
      {"app = web", true},
      {"app=db", false},
      {"app!=db", true},
      {"app!=web", false},
      {"other!=x", true},
      {"app in (db, web)", true},
      {"app in (db)", false},
      {"app notin (db,web)", false},
      {"other notin (db)", true},
      {"other in (db)", false},
      {"app", true},
      {"other", false},
      {"!other", true},
      {"!app", false},
      {"example.com/a", true},
      {"example.com/a=", true},
      {"app=", false},
      {"app=web,tier=front", true},
      {"app=web, tier in (front, back), !other", true},
      {"app=web,tier=back", false},
      {"in in (x)", false},
      {"app in (,web)", true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.selector);
    CHECK(LabelSelector(row.selector, "--labels").matches(labels) ==
          row.matches);
  }
}

TEST_CASE("what is no selector is said in one line") {
  for (const char* bad :
       {"=web", "app=web,", "app in web", "app in (web", "app ! x", "a b",
        "app=web tier=front", "!", "app>1", ",", "app in", "(a)"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(LabelSelector(bad, "--labels"), ConfigurationError);
  }
  try {
    LabelSelector("app in web", "--labels");
  } catch (const ConfigurationError& error) {
    CHECK(std::string(error.what()) ==
          "--labels: \"app in web\" is not a label selector: '(' was expected "
          "after 'in' or 'notin' at character 8; write for example "
          "app=web,tier in (a,b),!old");
  }
}
