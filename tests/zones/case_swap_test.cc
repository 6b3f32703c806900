#include "zones/case_swap.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

using namespace canopy;

namespace {

Name name_of(std::string_view text) { return *Name::from_text(text); }

std::string respelled(std::string_view name) {
  const Name sent = name_of("_hTTp.wWw.eXAMPle.cOm");
  const Name asked = name_of("_http.www.Example.com");
  return CaseSwap(sent, asked).applied(name_of(name)).to_text();
}

}  // namespace

TEST_CASE("labels that have our random case get the client's") {
  CHECK(respelled("_hTTp.wWw.eXAMPle.cOm") == "_http.www.Example.com.");
  CHECK(respelled("wWw.eXAMPle.cOm") == "www.Example.com.");
  CHECK(respelled("pod-1.wWw.eXAMPle.cOm") == "pod-1.www.Example.com.");
  CHECK(respelled("cOm") == "com.");
  // A DNAME keeps the first labels, others rename what stands behind some.
  CHECK(respelled("_hTTp.wWw.elsewhere.test") == "_http.www.elsewhere.test.");
  CHECK(respelled("a.wWw.b.eXAMPle.test") == "a.www.b.Example.test.");
}

TEST_CASE("labels with a case of their own keep it") {
  for (const std::string_view name :
       {"Www.Elsewhere.Test.", "WWW.EXAMPLE.COM.", "wWwx.com.", ".", "Com."}) {
    CHECK(respelled(name) == name);
  }
}

TEST_CASE("nothing to undo: nothing changes") {
  const Name name = name_of("wWw.eXAMPle.cOm");
  CHECK(CaseSwap().applied(name).to_text() == "wWw.eXAMPle.cOm.");
  CHECK(CaseSwap(name, name).applied(name).to_text() == "wWw.eXAMPle.cOm.");
}

TEST_CASE("names of as many labels as there can be") {
  std::mt19937 random(1);
  for (int round = 0; round < 50; ++round) {
    Name sent;
    Name asked;
    for (int i = 0; i < 127; ++i) {
      const char label = static_cast<char>('a' + random() % 26);
      asked.append(std::string(1, label));
      sent.append(std::string(
          1, static_cast<char>(random() % 2 != 0 ? label : label - 0x20)));
    }
    const Name back = CaseSwap(sent, asked).applied(sent);
    CHECK(back.to_text() == asked.to_text());
  }
}
