// The structure of Corefiles, as in CoreDNS 1.15.0, and the errors for broken
// ones.
#include "server/config/corefile_parser.h"

#include <doctest/doctest.h>

#include "tests/server/config/corefiles.h"

namespace canopy {
namespace {

std::string words_of(const std::vector<CorefileToken>& words) {
  std::string text;
  for (const CorefileToken& word : words) {
    text += (text.empty() ? "" : " ") + word.text;
  }
  return text;
}

std::string line_text(const CorefileLine& line) {
  std::string text = words_of(line.words);
  if (line.block.empty()) return text;
  text += " {";
  for (const CorefileLine& option : line.block)
    text += ' ' + line_text(option) + ';';
  return text + " }";
}

// Each server block on a line of its own.
std::string text_of(const std::vector<CorefileServer>& servers) {
  std::string text;
  for (const CorefileServer& server : servers) {
    text += words_of(server.keys) + ':';
    for (const CorefileLine& line : server.directives) {
      text += ' ' + line_text(line) + ';';
    }
    text += '\n';
  }
  return text;
}

std::string parsed(const Corefiles& files) {
  const Corefile corefile = parse_corefile(files.path(), files.environment());
  return text_of(corefile.servers);
}

std::string refusal(const Corefiles& files) {
  try {
    return "accepted: " + parsed(files);
  } catch (const ConfigurationError& error) {
    return files.without_folder(error.what());
  }
}

TEST_CASE("a server block, its directives and their options") {
  CHECK(parsed(".:53 {\n errors\n health {\n  lameduck 5s\n }\n}\n") ==
        ".:53: errors; health { lameduck 5s; };\n");
  CHECK(parsed("a.example:53, b.example {\n whoami\n}") ==
        "a.example:53 b.example: whoami;\n");
  CHECK(parsed("a.example,\nb.example {\n whoami\n}") ==
        "a.example b.example: whoami;\n");
  CHECK(parsed("a.example\n{\n whoami\n}") == "a.example: whoami;\n");
  CHECK(parsed(".:53\nwhoami\nerrors\n") == ".:53: whoami; errors;\n");
  CHECK(parsed("") == "");
  CHECK(parsed(". {\n}\n") == ".:\n");
}

TEST_CASE("byte order mark, CRLF, tabs, and a brace further in than its key") {
  CHECK(parsed("\xEF\xBB\xBF.:53 {\r\n\terrors\r\n\tcache {\r\n"
               "\t\tdenial 9984 5\r\n\t\t}\r\n    }\r\n") ==
        ".:53: errors; cache { denial 9984 5; };\n");
}

TEST_CASE("comments begin at a #, after a directive too, but not in quotes") {
  CHECK(parsed("# mine\n. { # a\n forward . 10.0.0.1 # test\n"
               " hosts { # b\n  1.1.1.1 a#b\n }\n log \"a # b\"\n}\n") ==
        ".: forward . 10.0.0.1; hosts { 1.1.1.1 a; }; log a # b;\n");
}

TEST_CASE("in quotes, blanks and line breaks; only a quote is escaped") {
  CHECK(parsed(R"(. {
 template IN A {
  match "^a\.b c$"
  answer "{{ .Name }} 60 IN TXT \"x\""
  var "two
lines" after
 }
 next "\\"
})") == ".: template IN A { match ^a\\.b c$; answer {{ .Name }} 60 IN TXT "
        "\"x\"; var two\nlines after; }; next \\\\;\n");
  CHECK(refusal(". {\n log \"no end\n}\n") ==
        "Corefile:2: the quote that starts here has no end; add a \"");
}

TEST_CASE("variables stand for their values, in parts of words too") {
  Corefiles files(
      "{$ZONE}:{%PORT%} {\n forward . {$UP}\n log \"{$TEXT}\" {$NONE}x "
      "{$} {$UP\n}\n");
  files.set("ZONE", "k8s.example").set("PORT", "5300");
  files.set("UP", "192.0.2.1 192.0.2.2").set("TEXT", "{$UP}");
  // A value with blanks is one word, and is not looked at again.
  CHECK(parsed(files) ==
        "k8s.example:5300: forward . 192.0.2.1 192.0.2.2; log {$UP} x {$} "
        "{$UP;\n");
}

TEST_CASE("snippets and files stand where they are imported") {
  Corefiles files(
      "(common) {\n errors\n cache 30 {\n  prefetch 2\n }\n}\n"
      "(all) {\n import common\n loop\n}\n"
      ". {\n import all\n import more\n}\nimport blocks/*.server\n");
  files.with("more", "hosts {\n import entries\n}\n");
  files.with("entries", "192.0.2.1 a.example\n");
  files.with("blocks/b.server", "b.example {\n whoami\n}\n");
  files.with("blocks/a.server", "a.example {\n import ../more\n}\n");
  CHECK(parsed(files) ==
        ".: errors; cache 30 { prefetch 2; }; loop; hosts { 192.0.2.1 "
        "a.example; };\n"
        "a.example: hosts { 192.0.2.1 a.example; };\n"
        "b.example: whoami;\n");
}

TEST_CASE("a pattern may match nothing, and a file may close a block") {
  Corefiles files(". {\n errors\n import none/*.override\n import closes\n}\n");
  files.with("closes", " log\n}\nb.example {\n whoami\n");
  CHECK(parsed(files) == ".: errors; log;\nb.example: whoami;\n");
}

TEST_CASE("errors name file and line, and say what to do") {
  CHECK(refusal(". {\n errors\n") ==
        "Corefile:1: the block that starts here has no } at its end");
  CHECK(refusal(". {\n hosts {\n  1.1.1.1 a\n}\n") ==
        "Corefile:1: the block that starts here has no } at its end");
  CHECK(
      refusal(". {\n health\n {\n }\n}\n") ==
      "Corefile:3: a line cannot start with {; write it at the end of the line "
      "before");
  CHECK(refusal(". {\n health { lameduck 5s }\n}\n") ==
        "Corefile:2: options start on the line after {; write one option "
        "a line, and the } on a line of its own");
  CHECK(refusal(".\nerrors\n}\n") ==
        "Corefile:3: this } has no { that it closes; remove it");
  CHECK(refusal("a.example, {\n errors\n}\n") ==
        "Corefile:1: after \"a.example\" there is a comma but no other key; "
        "remove the comma");
  CHECK(refusal(". {\n import\n}\n")
            .starts_with("Corefile:2: import: the name is missing"));
  CHECK(refusal(". {\n import a b\n}\n") ==
        "Corefile:2: import: takes one argument, a file or a pattern");
  CHECK(refusal(". {\n import nowhere\n}\n") ==
        "Corefile:2: import nowhere: nowhere: cannot be read: No such file or "
        "directory, and no earlier snippet has this name");
  CHECK(refusal(". {\n import */*.conf\n}\n") ==
        "Corefile:2: import */*.conf: a pattern may have one *, and no [ ]");
  CHECK(refusal("(a) {\n log\n}\n(a) {\n log\n}\n") ==
        "Corefile:4: snippet (a) is already defined; choose another name");
}

TEST_CASE("a key is needed, and blanks before braces") {
  CHECK(refusal("{\n errors\n}\n") ==
        "Corefile:1: this { has no key before it; write one such as .:53 {");
  CHECK(refusal(". {\n}\n}\n") ==
        "Corefile:3: this } has no { that it closes; remove it");
  CHECK(refusal(".:53{\n errors\n}\n") ==
        "Corefile:1: \".:53{\": write a blank before the {");
  CHECK(refusal(". {\n health{\n }\n}\n") ==
        "Corefile:2: \"health{\": write a blank before the {");
}

TEST_CASE("a snippet of one line may be imported twice in a row") {
  CHECK(parsed("(a) {\n log\n}\n. {\n import a\n import a\n errors\n}\n") ==
        ".: log; log; errors;\n");
}

TEST_CASE("a file or snippet that imports itself is an error") {
  CHECK(refusal("import Corefile\n") ==
        "Corefile:1: more than 1000 imports; does \"Corefile\" import itself?");
  CHECK(refusal("(a) {\n import a\n}\n. {\n import a\n}\n") ==
        "Corefile:2: more than 1000 imports; does \"a\" import itself?");
  // Each twice the one before: 2^20 words without a bound.
  std::string doubles = "(s0) {\n log\n}\n";
  for (int i = 1; i <= 20; ++i) {
    const std::string before = std::to_string(i - 1);
    doubles += "(s" + std::to_string(i) + ") {\n import s" + before +
               "\n import s" + before + "\n}\n";
  }
  CHECK(refusal(doubles + ". {\n import s20\n}\n").find("imports") !=
        std::string::npos);
  std::string deep = ". {\n";
  for (int i = 0; i < 50; ++i) deep += "a {\n";
  CHECK(refusal(deep) == "Corefile:18: blocks are nested too deeply");
}

}  // namespace
}  // namespace canopy
