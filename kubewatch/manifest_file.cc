#include "kubewatch/manifest_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "healthz/read_file.h"
#include "kubewatch/bounded_json.h"
#include "kubewatch/watch_decoder.h"
#include "kubewatch/yaml_to_json.h"
#include "zones/name.h"

namespace canopy::kube {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kChunk = 256 << 10;
// JSON is read in pieces.  YAML is not: its octets are in memory, and as many
// again as JSON.
constexpr std::size_t kMaxJson = 512 << 20;
constexpr std::size_t kMaxYaml = 64 << 20;

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

bool is_manifest_name(const fs::path& path) {
  const std::string extension = path.extension().string();
  return equal_folded(extension, ".yaml") || equal_folded(extension, ".yml") ||
         equal_folded(extension, ".json");
}

bool is_hidden(const fs::path& path) {
  return path.filename().string().starts_with('.');
}

std::string cannot_read(const fs::path& file) {
  return file.string() + ": cannot be read: " + std::strerror(errno);
}

// What is to be found in one folder, in order.
std::vector<fs::path> entries_of(const fs::path& folder, std::string& error) {
  std::error_code fault;
  std::vector<fs::path> entries;
  for (fs::directory_iterator it(folder, fault), end; !fault && it != end;
       it.increment(fault)) {
    if (!is_hidden(it->path())) entries.push_back(it->path());
  }
  if (fault) error = folder.string() + ": cannot be read: " + fault.message();
  std::sort(entries.begin(), entries.end());
  return entries;
}

void add_below(const fs::path& folder, FoundManifests& found, int depth) {
  for (const fs::path& entry : entries_of(folder, found.error)) {
    struct stat info;
    if (::stat(entry.c_str(), &info) != 0) {
      const bool matters = errno != ENOENT && is_manifest_name(entry);
      if (matters) found.error = cannot_read(entry);
    } else if (S_ISDIR(info.st_mode)) {
      // A symlink may lead back to where we came from.
      if (depth > 0) add_below(entry, found, depth - 1);
    } else if (is_manifest_name(entry)) {
      found.files.push_back(entry);
    }
  }
}

std::string at(const fs::path& file, std::size_t line, std::size_t column,
               const std::string& why) {
  return file.string() + ":" + std::to_string(line) + ":" +
         std::to_string(column) + ": " + why;
}

// --- JSON -----------------------------------------------------------------

// Turns an offset into a line and a column.
std::string json_fault_line(const fs::path& path, std::FILE* file,
                            const JsonFault& fault) {
  std::rewind(file);
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

std::string check_json(const fs::path& path, std::FILE* file) {
  std::rewind(file);
  const auto fault = find_json_fault(file);
  return fault ? json_fault_line(path, file, *fault) : std::string();
}

using Sink = std::function<void(Decoded&&)>;

struct Pass {
  std::string error;
  std::string item_kind;  // of items that did not say; "" when all did
};

// A typed list ("ServiceList") says what its items are after them; of a plain
// "List" nobody ever says.
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

Pass pass_over_json(std::FILE* file, const std::string& item_kind,
                    const Sink& sink) {
  Pass pass;
  std::rewind(file);
  ListDecoder decoder(item_kind, decoder_sink(pass, sink));
  std::string chunk(kChunk, '\0');
  std::size_t read = 0;
  for (;;) {
    const std::size_t size = std::fread(chunk.data(), 1, kChunk, file);
    if (size == 0) break;
    read += size;
    if (read > kMaxJson) {  // it grows as it is read
      pass.error = "the text does not end";
      return pass;
    }
    if (!decoder.feed({chunk.data(), size})) {
      pass.error = decoder.error();
      return pass;
    }
  }
  if (!decoder.is_between_values()) pass.error = "the text ends too early";
  return pass;
}

ManifestError read_json(const fs::path& path, Trust trust, const Sink& sink) {
  const OpenedFile opened = open_file(path, kMaxJson);
  std::FILE* const file = opened.file.get();
  if (file == nullptr) return {path.string() + ": " + opened.fault, true};
  if (trust == Trust::kCheckFirst) {
    std::string fault = check_json(path, file);
    if (!fault.empty()) return {std::move(fault)};
  }
  Pass pass = pass_over_json(file, "", sink);
  if (pass.error.empty() && !pass.item_kind.empty()) {
    pass = pass_over_json(file, pass.item_kind, sink);
  }
  if (std::ferror(file) != 0) return {cannot_read(path), true};
  if (pass.error.empty()) return {};
  // The strict parser knows better where.
  std::string fault = check_json(path, file);
  return {fault.empty() ? at(path, 1, 1, pass.error) : std::move(fault)};
}

// --- YAML -----------------------------------------------------------------

Pass pass_over_text(const std::string& json, const std::string& item_kind,
                    const Sink& sink) {
  Pass pass;
  ListDecoder decoder(item_kind, decoder_sink(pass, sink));
  if (!decoder.feed(json)) pass.error = decoder.error();
  return pass;
}

// Those that are complained about say where they are.
void set_line(std::size_t line, Decoded& decoded) {
  if (auto* other = std::get_if<OtherObject>(&decoded)) other->line = line;
  if (auto* bad = std::get_if<MalformedObject>(&decoded)) bad->line = line;
  if (auto* good = std::get_if<DecodedObject>(&decoded)) good->line = line;
}

ManifestError read_yaml(const fs::path& path, const Sink& sink) {
  FileText read = read_file(path, kMaxYaml);
  if (!read.ok()) return {path.string() + ": " + read.fault, true};
  const auto documents = yaml_to_json(std::move(read.text));
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

FoundManifests manifests_below(const fs::path& path) {
  constexpr int kMaxDepth = 8;
  FoundManifests found;
  std::error_code error;
  if (fs::is_directory(path, error)) {
    add_below(path, found, kMaxDepth);
  } else if (stamp_of(path)) {
    found.files = {path};
  }
  return found;
}

ManifestError read_manifest(const fs::path& file, Trust trust,
                            const std::function<void(Decoded&&)>& sink) {
  if (equal_folded(file.extension().string(), ".json")) {
    return read_json(file, trust, sink);
  }
  return read_yaml(file, sink);
}

}  // namespace canopy::kube
