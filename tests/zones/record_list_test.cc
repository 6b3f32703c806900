#include "zones/record_list.h"

#include <doctest/doctest.h>

#include <string>

using namespace canopy;

namespace {

Record txt(std::string_view owner, std::string_view text) {
  return txt_record(*Name::from_text(owner), 30, text);
}

std::string text(const RecordList& list) {
  std::string lines;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const RecordView one = list[i];
    lines += to_text(one.owner, one.type, one.ttl, one.rdata) + "\n";
  }
  return lines;
}

}  // namespace

TEST_CASE("records come out of a list as they went in") {
  RecordList list{txt("a", "1"), txt("B.c", "2")};
  list.push_back(txt(".", ""));
  CHECK(text(list) ==
        "a. 30 IN TXT \"1\"\nB.c. 30 IN TXT \"2\"\n. 30 IN TXT \"\"\n");
  RecordList more{txt("d", "3")};
  more.append(list);
  CHECK(more.size() == 4);
  CHECK(text(more) == "d. 30 IN TXT \"3\"\n" + text(list));
  CHECK(RecordList().empty());
}

TEST_CASE("a list is put in order, and part of it kept") {
  RecordList list{txt("b", "1"), txt("A", "2"), txt("a", "1")};
  list.sort();
  CHECK(text(list) ==
        "a. 30 IN TXT \"1\"\nA. 30 IN TXT \"2\"\nb. 30 IN TXT \"1\"\n");
  list.keep({0, 2});
  CHECK(text(list) == "a. 30 IN TXT \"1\"\nb. 30 IN TXT \"1\"\n");
}
