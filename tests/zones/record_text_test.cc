#include "zones/record_text.h"

#include <doctest/doctest.h>

namespace canopy {
namespace {

// The record as our own text; "none" when there is none.
std::string read_back(const std::string& text) {
  const auto record = record_from_text(text);
  return record ? to_text(*record) : "none";
}

TEST_CASE("records in master-file form") {
  struct Row {
    std::string text;
    std::string record;
  };
  for (const Row& row : std::vector<Row>{
           {"a.example. 60 IN A 192.0.2.1", "a.example. 60 IN A 192.0.2.1"},
           {"a.example 60 IN AAAA 2001:db8::1",
            "a.example. 60 IN AAAA 2001:db8::1"},
           {"a.example. 60 A 192.0.2.1", "a.example. 60 IN A 192.0.2.1"},
           {"a.example. IN A 192.0.2.1", "a.example. 3600 IN A 192.0.2.1"},
           {"a.example. A 192.0.2.1", "a.example. 3600 IN A 192.0.2.1"},
           {"a.example. IN 60 A 192.0.2.1", "a.example. 60 IN A 192.0.2.1"},
           {"a.example.\t1h IN\tA 192.0.2.1 ; why",
            "a.example. 3600 IN A 192.0.2.1"},
           {". 60 IN NS a", ". 60 IN NS a."},
           {"a. 60 IN CNAME b.example", "a. 60 IN CNAME b.example."},
           {"a. 60 IN MX 10 b", "a. 60 IN MX 10 b."},
           {"a. 60 IN SRV 0 5 80 b.", "a. 60 IN SRV 0 5 80 b."},
           {"i. 60 IN SOA ns.i. h.i. (1 60 60 60 60)",
            "i. 60 IN SOA ns.i. h.i. 1 60 60 60 60"},
           {"a. 60 IN TXT \"x y\" z", "a. 60 IN TXT \"x y\" \"z\""},
           {"a. 60 IN TXT \"v=a;b (c\"", "a. 60 IN TXT \"v=a;b (c\""},
           {"a. 60 IN HTTPS 1 . alpn=h2", "a. 60 IN HTTPS 1 . alpn=h2"},
           {"a. 60 IN CAA 0 issue \"ca\"", "a. 60 IN TYPE257 0 issue \"ca\""},
           {"a. 60 IN TYPE65280 \\# 2 0102", "a. 60 IN TYPE65280 \\# 2 0102"},
           {"a. 3000000000 IN A 192.0.2.1", "a. 2147483647 IN A 192.0.2.1"},
       }) {
    CHECK(read_back(row.text) == row.record);
  }
}

TEST_CASE("texts that are no record of class IN") {
  for (const std::string& text :
       std::vector<std::string>{"",
                                " ",
                                ".",
                                "a.example.",
                                "a. 60",
                                "a. 60 IN",
                                "a. 60 IN A",
                                "a. 60 IN A 192.0.2",
                                "a. 60 IN A 192.0.2.1 5",
                                "a. 60 CH TXT b",
                                "a. 60 IN OPT",
                                "a. 60 IN ANY",
                                "a. 60 IN TSIG",
                                "a. 60 IN TYPE0",
                                "a. 60 IN TYPE251 \\# 0",
                                "a..b. 60 IN A 192.0.2.1",
                                std::string(64, 'a') + ". 60 IN A 192.0.2.1",
                                "a. 60 IN TXT (((",
                                "a. 60 IN TXT x\\",
                                "$TTL 60",
                                "$ORIGIN a.",
                                "a. 60 IN AAAA 192.0.2.1",
                                "a. x IN A 192.0.2.1",
                                std::string("a. 60 IN TXT b\0c", 16)}) {
    CAPTURE(text);
    CHECK(read_back(text) == "none");
  }
}

TEST_CASE("types by their mnemonics") {
  CHECK(any_type_from_text("AAAA") == RrType::kAaaa);
  CHECK(any_type_from_text("CAA") == RrType{257});
  CHECK(any_type_from_text("TYPE64000") == RrType{64000});
  CHECK_FALSE(any_type_from_text("AAAAA").has_value());
  CHECK_FALSE(any_type_from_text("").has_value());
}

}  // namespace
}  // namespace canopy
