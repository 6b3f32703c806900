#include "kubewatch/manifests/manifest_file.h"

#include <sys/stat.h>

#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <utility>

#include "healthz/read_file.h"
#include "kubewatch/decode/bounded_json.h"
#include "kubewatch/decode/text_encoding.h"
#include "kubewatch/decode/watch_decoder.h"
#include "kubewatch/manifests/yaml_stream.h"
#include "kubewatch/manifests/yaml_to_json.h"
#include "zones/name.h"

namespace canopy::kube {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kChunk = 256 << 10;
// JSON is read in pieces.  YAML is held in memory completely, together with its
// JSON form, which is about as large.
constexpr std::size_t kMaxJson = 512 << 20;
constexpr std::size_t kMaxYaml = 64 << 20;

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

std::string cannot_read(const fs::path& file) {
  return file.string() + ": cannot be read: " + std::strerror(errno);
}

constexpr const char* kChanges = "changes while it is being read";
// The most tries to read a file that changes while it is read.
constexpr int kMaxTries = 3;

std::string at(const fs::path& file, std::size_t line, std::size_t column,
               const std::string& why) {
  return file.string() + ":" + std::to_string(line) + ":" +
         std::to_string(column) + ": " + why;
}

// --- JSON -----------------------------------------------------------------

// The source of JSON text.  The text starts after a byte order mark.
struct JsonFile {
  FilePtr file;
  long start = 0;
  std::string text;  // the text of a file in memory

  std::FILE* rewound() const {
    std::clearerr(file.get());
    std::fseek(file.get(), start, SEEK_SET);
    return file.get();
  }
};

// Converts an offset into a line and a column.
std::string json_fault_line(const fs::path& path, const JsonFile& json,
                            const JsonFault& fault) {
  std::FILE* const file = json.rewound();
  std::size_t line = 1;
  std::size_t column = 1;
  for (std::size_t i = 0; i < fault.offset; ++i) {
    const int c = std::getc(file);
    if (c == EOF) break;
    ++column;
    if (c == '\n') {
      ++line;
      column = 1;
    }
  }
  return at(path, line, column, fault.why);
}

std::string check_json(const fs::path& path, const JsonFile& json) {
  const auto fault = find_json_fault(json.rewound());
  return fault ? json_fault_line(path, json, *fault) : std::string();
}

// A list of objects is a patch (RFC 6902), not a Kubernetes object.
bool is_patch(const JsonFile& json) {
  std::FILE* const file = json.rewound();
  std::string first;
  for (int c = 0; first.size() < 2 && (c = std::getc(file)) != EOF;) {
    if (std::isspace(c) == 0) first += static_cast<char>(c);
  }
  return first == "[{";
}

using Sink = std::function<void(Decoded&&)>;

struct Pass {
  std::string error;
  std::string item_kind;  // kind of items that had none; "" when all had one
};

// A typed list ("ServiceList") may give its kind after the items.  A plain
// "List" never gives the kind of its items.
ListDecoder::Sink decoder_sink(Pass& pass, const Sink& sink) {
  return {[&sink](Decoded&& object) {
            sink(std::move(object));
            return true;
          },
          [&pass, &sink](ListEnvelope&& list) {
            if (list.nameless_items == 0) return true;
            if (list.kind.size() > 4) {
              pass.item_kind = list.kind.substr(0, list.kind.size() - 4);
            } else {
              sink(OtherObject{});
            }
            return true;
          }};
}

Pass pass_over_json(const JsonFile& json, const std::string& item_kind,
                    const Sink& sink) {
  Pass pass;
  std::FILE* const file = json.rewound();
  ListDecoder decoder(item_kind, decoder_sink(pass, sink));
  std::string chunk(kChunk, '\0');
  std::size_t read = 0;
  for (;;) {
    const std::size_t size = std::fread(chunk.data(), 1, kChunk, file);
    if (size == 0) break;
    read += size;
    if (read > kMaxJson) {  // the file grew meanwhile
      pass.error = "the file keeps growing";
      return pass;
    }
    if (!decoder.feed({chunk.data(), size})) {
      pass.error = decoder.error();
      return pass;
    }
  }
  if (!decoder.is_between_values()) pass.error = "the file ends too early";
  return pass;
}

// Passes on objects that have been checked.
ManifestError hand_out_json(const fs::path& path, const JsonFile& json,
                            const Sink& sink) {
  Pass pass = pass_over_json(json, "", sink);
  if (pass.error.empty() && !pass.item_kind.empty()) {
    pass = pass_over_json(json, pass.item_kind, sink);
  }
  if (std::ferror(json.file.get()) != 0) return {cannot_read(path), true};
  if (pass.error.empty()) return {};
  return {at(path, 1, 1, pass.error)};
}

ManifestError read_json_text(const fs::path& path, std::string text,
                             const Sink& sink) {
  JsonFile json{nullptr, 0, utf8_text(std::move(text))};
  if (json.text.empty()) return {};
  json.file.reset(::fmemopen(json.text.data(), json.text.size(), "r"));
  if (!json.file) return {cannot_read(path), true};
  if (is_patch(json)) {
    sink(OtherObject{});
    return {};
  }
  std::string fault = check_json(path, json);
  if (!fault.empty()) return {std::move(fault)};
  return hand_out_json(path, json, sink);
}

// The offset after a UTF-8 byte order mark.  -1: the text is UTF-16.
long start_of_json(std::FILE* file) {
  char mark[3];
  const std::string_view begin(mark, std::fread(mark, 1, sizeof mark, file));
  if (is_utf16(begin)) return -1;
  return begin == kUtf8Mark ? static_cast<long>(begin.size()) : 0;
}

FileText read_whole(const fs::path& path) {
  for (int i = 0; i < kMaxTries; ++i) {
    const auto before = stamp_of(path);
    FileText read = read_file(path, kMaxYaml);
    if (!read.ok() || stamp_of(path) == before) return read;
  }
  return {{}, kChanges, false};
}

ManifestError read_json(const fs::path& path, const Sink& sink) {
  for (int i = 0; i < kMaxTries; ++i) {
    const auto before = stamp_of(path);
    OpenedFile opened = open_file(path, kMaxJson);
    if (!opened.file) return {path.string() + ": " + opened.fault, true};
    const long start = start_of_json(opened.file.get());
    if (start < 0) {
      FileText read = read_whole(path);
      if (!read.ok()) return {path.string() + ": " + read.fault, true};
      return read_json_text(path, std::move(read.text), sink);
    }
    const JsonFile json{std::move(opened.file), start, {}};
    const bool patch = is_patch(json);
    std::string fault = patch ? std::string() : check_json(path, json);
    if (stamp_of(path) != before) continue;
    if (!fault.empty()) return {std::move(fault)};
    if (!patch) return hand_out_json(path, json, sink);
    sink(OtherObject{});
    return {};
  }
  return {path.string() + ": " + kChanges, true};
}

// --- YAML -----------------------------------------------------------------

// JSON is also YAML.  It is read as JSON if it is too large for one flow
// collection.
bool is_large_json(std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (text.size() <= kMostFlow || text[first] != '{') return false;
  const FilePtr file(::fmemopen(text.data(), text.size(), "r"));
  return file && !find_json_fault(file.get());
}

Pass pass_over_text(const std::string& json, const std::string& item_kind,
                    const Sink& sink) {
  Pass pass;
  ListDecoder decoder(item_kind, decoder_sink(pass, sink));
  if (!decoder.feed(json)) pass.error = decoder.error();
  return pass;
}

// Sets the line of objects that may cause a warning.
void set_line(std::size_t line, Decoded& decoded) {
  if (auto* other = std::get_if<OtherObject>(&decoded)) other->line = line;
  if (auto* bad = std::get_if<MalformedObject>(&decoded)) {
    bad->line = line;
    if (bad->why.find("{{") != bad->why.npos) bad->why += kTemplateHint;
  }
  if (auto* good = std::get_if<DecodedObject>(&decoded)) good->line = line;
}

ManifestError read_yaml_text(const fs::path& path, std::string text,
                             const Sink& sink) {
  if (is_large_json(text)) return read_json_text(path, std::move(text), sink);
  const auto documents = yaml_to_json(std::move(text));
  if (const auto* fault = std::get_if<YamlFault>(&documents)) {
    return {at(path, fault->line, fault->column, fault->why)};
  }
  for (const YamlDocument& document : *std::get_if<0>(&documents)) {
    const Sink here = [&](Decoded&& decoded) {
      set_line(document.line, decoded);
      sink(std::move(decoded));
    };
    Pass pass = pass_over_text(document.json, "", here);
    if (pass.error.empty() && !pass.item_kind.empty()) {
      pass = pass_over_text(document.json, pass.item_kind, here);
    }
    if (!pass.error.empty()) return {at(path, document.line, 1, pass.error)};
  }
  return {};
}

}  // namespace

std::optional<FileStamp> stamp_of(const fs::path& file) {
  struct stat info;
  if (::stat(file.c_str(), &info) != 0 || S_ISDIR(info.st_mode)) {
    return std::nullopt;
  }
  return FileStamp{
      info.st_dev, info.st_ino, info.st_size,
      nanoseconds(info.st_mtim) ^ (nanoseconds(info.st_ctim) << 1)};
}

ManifestError read_manifest(const fs::path& file,
                            const std::function<void(Decoded&&)>& sink) {
  if (equal_folded(file.extension().string(), ".json")) {
    return read_json(file, sink);
  }
  FileText read = read_whole(file);
  if (!read.ok()) return {file.string() + ": " + read.fault, true};
  return read_yaml_text(file, std::move(read.text), sink);
}

ManifestError read_manifest_pipe(const fs::path& pipe,
                                 const std::function<void(Decoded&&)>& sink) {
  FileText read = read_pipe(pipe, kMaxYaml);
  if (!read.ok()) return {pipe.string() + ": " + read.fault, true};
  const std::size_t first = read.text.find_first_not_of(" \t\r\n");
  if (first != read.text.npos && read.text[first] == '{') {
    return read_json_text(pipe, std::move(read.text), sink);
  }
  return read_yaml_text(pipe, std::move(read.text), sink);
}

}  // namespace canopy::kube
