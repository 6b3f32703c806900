// The directives chaos, nsid and whoami.
#include <doctest/doctest.h>

#include "server/machine/host_name.h"
#include "tests/server/config/corefiles.h"

namespace canopy {
namespace {

OwnTexts own_texts(const std::string& directives) {
  const CorefileSettings read = one_block(directives).read();
  REQUIRE(read.faults.empty());
  return read.settings.blocks.at(0).own;
}

TEST_CASE("nsid takes a text, or is the host's name") {
  CHECK(own_texts("nsid localdns").nsid == "localdns");
  CHECK(own_texts("nsid Use The Force").nsid == "Use The Force");
  CHECK(own_texts("nsid").nsid == host_name());
  CHECK_FALSE(host_name().empty());
  CHECK(own_texts("errors").nsid.empty());
  CHECK(one_block("nsid " + std::string(256, 'a')).faults() ==
        "Corefile:2: nsid: has more than 255 characters; write fewer\n");
  CHECK(one_block("nsid a\nnsid b").faults() ==
        "Corefile:3: nsid: is already at Corefile:2; a server block may have "
        "it only once\n");
  CHECK(one_block("nsid {\na\n}").faults() ==
        "Corefile:2: nsid: has no options; remove \"a\"\n");
}

TEST_CASE("chaos takes a version and authors, who are named once") {
  const OwnTexts own = own_texts("chaos 1.2 bob ann bob");
  CHECK(own.version == "1.2");
  CHECK(own.authors == std::vector<std::string>{"ann", "bob"});
  CHECK(own_texts("chaos") == OwnTexts());
  CHECK(own_texts("chaos " + std::string(300, 'v')).version ==
        std::string(255, 'v'));
}

TEST_CASE("whoami is of its block") {
  const CorefileSettings read =
      Corefiles("a.example {\nwhoami\n}\nb.example {\nerrors\n}\n").read();
  CHECK(read.faults.empty());
  CHECK(read.settings.blocks.at(0).own.whoami);
  CHECK_FALSE(read.settings.blocks.at(1).own.whoami);
}

}  // namespace
}  // namespace canopy
