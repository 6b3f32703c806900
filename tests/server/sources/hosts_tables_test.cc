// Which table a server block's directive `hosts` has, as its file changes.
#include "server/sources/hosts_tables.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "tests/server/test_folder.h"
#include "zones/name.h"

namespace canopy {
namespace {

// A server block ".:53" with a hosts file, and what its table says.
class Hosts {
 public:
  explicit Hosts(const std::string& file) {
    block.keys = {{Name(), 53}};
    block.hosts = HostsSettings{.file = folder.path(file)};
  }

  // The number of addresses of `name`.
  std::size_t addresses(const std::string& name) {
    warnings.clear();
    table = tables.table_of(block, warnings);
    tables.keep_used();
    const Name qname = *Name::from_text(name);
    Answer answer;
    table->find(qname, RrType::kA, answer);
    return answer.entries.empty() ? 0 : answer.entries.front().rrset.count();
  }

  TestFolder folder;
  ServerBlock block;
  HostsCounts counts;
  HostsTables tables{counts};
  SharedHosts table;
  std::vector<std::string> warnings;
};

TEST_CASE("a block without the directive has no table") {
  HostsCounts counts;
  std::vector<std::string> warnings;
  CHECK_FALSE(HostsTables(counts).table_of(ServerBlock{}, warnings));
  CHECK(warnings.empty());
}

TEST_CASE("the entries of the file and of the Corefile add up") {
  Hosts hosts("NodeHosts");
  hosts.folder.write("NodeHosts", "10.0.0.1 a\n10.0.0.2 b\n");
  hosts.block.hosts->lines = "10.0.1.1 a\n10.0.0.3 c\n";
  CHECK(hosts.addresses("a") == 2);
  CHECK(hosts.addresses("b") == 1);
  CHECK(hosts.addresses("c") == 1);
  CHECK(hosts.addresses("d") == 0);
  CHECK(hosts.warnings.empty());
  CHECK(hosts.counts.names == 4);
  CHECK(hosts.counts.broken_files == 0);
}

TEST_CASE("an unchanged file keeps its table; a changed file has another") {
  Hosts hosts("NodeHosts");
  hosts.folder.write("NodeHosts", "10.0.0.1 a\n");
  CHECK(hosts.addresses("a") == 1);
  const auto first = hosts.table.table;
  CHECK(hosts.addresses("a") == 1);
  CHECK(hosts.table.table == first);
  hosts.folder.write("NodeHosts", "10.0.0.1 a\n10.0.0.2 a\n");
  CHECK(hosts.addresses("a") == 2);
  CHECK(hosts.table.table != first);
}

TEST_CASE("without its file a block serves the Corefile's entries") {
  Hosts hosts("NodeHosts");
  hosts.block.hosts->lines = "10.0.0.1 a\n";
  CHECK(hosts.addresses("a") == 1);
  CHECK(hosts.warnings ==
        std::vector{hosts.block.hosts->file +
                    ": cannot be read: No such file or directory; serving "
                    "none of its names"});
  CHECK(hosts.counts.broken_files == 1);
  hosts.folder.write("NodeHosts", "10.0.0.2 a\n");
  CHECK(hosts.addresses("a") == 2);
  CHECK(hosts.warnings.empty());
  CHECK(hosts.counts.broken_files == 0);
}

TEST_CASE("a file that turns bad keeps its last valid content") {
  Hosts hosts("NodeHosts");
  hosts.folder.write("NodeHosts", "10.0.0.1 a\n");
  CHECK(hosts.addresses("a") == 1);
  const std::string path = hosts.block.hosts->file;
  const auto is_kept_with = [&](const std::string& fault) {
    CHECK(hosts.addresses("a") == 1);
    CHECK(hosts.warnings == std::vector{path + ": " + fault +
                                        "; serving its last valid content"});
    CHECK(hosts.counts.broken_files == 1);
  };
  std::filesystem::remove(path);
  is_kept_with("cannot be read: No such file or directory");
  std::filesystem::create_directory(path);
  is_kept_with("is a folder, not a file");
  std::filesystem::remove(path);
  hosts.folder.write("NodeHosts", std::string(kMaxHostsFile + 1, '\n'));
  is_kept_with("is larger than 16 MiB");
  std::string lines;
  while (lines.size() < kMaxHostsFile / 2) lines += "::1 b b b b b b b b b b\n";
  hosts.folder.write("NodeHosts", lines);
  is_kept_with("has more than 200000 names");
  hosts.folder.write("NodeHosts", "");
  CHECK(hosts.addresses("a") == 0);
  CHECK(hosts.warnings.empty());
}

TEST_CASE("bad lines are told of, and do not hide the others") {
  Hosts hosts("NodeHosts");
  hosts.folder.write("NodeHosts", "10.0.0.1 a\n10.0.0 b\n\nnonsense\n");
  hosts.block.hosts->lines = "10.0.0.1.1 c\n10.0.0.2 a\n";
  for (int reading = 0; reading < 2; ++reading) {
    CHECK(hosts.addresses("a") == 2);
    const std::string& file = hosts.block.hosts->file;
    const std::string what = ": ignored: not an IP address with valid names";
    CHECK(hosts.warnings ==
          std::vector{file + ", line 2" + what + ", like 1 further lines",
                      "the Corefile's entries of " + file + ", line 1" + what});
  }
}

TEST_CASE("a block serves the names of its keys, or of the directive") {
  Hosts hosts("NodeHosts");
  hosts.folder.write("NodeHosts", "10.0.0.1 a.test a.example b\n");
  hosts.block.keys = {{*Name::from_text("test"), 53},
                      {*Name::from_text("example"), 53}};
  CHECK(hosts.addresses("a.test") == 1);
  CHECK(hosts.addresses("a.example") == 1);
  CHECK(hosts.addresses("b") == 0);
  hosts.block.hosts->domains = {*Name::from_text("example")};
  CHECK(hosts.addresses("a.test") == 0);
  CHECK(hosts.addresses("a.example") == 1);
  CHECK(hosts.counts.names == 1);
}

TEST_CASE("ttl and no_reverse count for file and Corefile") {
  Hosts hosts("NodeHosts");
  hosts.folder.write("NodeHosts", "10.0.0.1 a\n");
  hosts.block.hosts->lines = "10.0.0.2 a\n";
  hosts.block.hosts->ttl = 7;
  hosts.block.hosts->reverse = false;
  CHECK(hosts.addresses("a") == 2);
  CHECK(hosts.table->records() == 2);
  const Name qname = *Name::from_text("a");
  Answer answer;
  hosts.table->find(qname, RrType::kA, answer);
  CHECK(answer.entries.front().rrset.ttl() == 7);
}

}  // namespace
}  // namespace canopy
