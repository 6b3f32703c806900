// Files that somebody else puts there.  What is at a path may be no file (a
// folder, a FIFO, a device, a socket), endless, or gone: none of that makes a
// thread wait, throws, or takes more memory than the caller allows.
//
// Every file this program reads is read by way of this header; a test holds
// the rooms to it.
//
// Pure but for reading; any thread.  Only read_pipe waits.
#pragma once

#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>

namespace canopy {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using FilePtr = std::unique_ptr<std::FILE, CloseFile>;

struct OpenedFile {
  FilePtr file;       // null: there is a fault
  std::string fault;  // what follows the path in an error: "is a folder, ..."
  bool missing = false;  // the fault is that nothing is there
};
// A regular file of at most `limit` octets, for reading in pieces.
OpenedFile open_file(const std::string& path, std::size_t limit);

struct FileText {
  std::string text;
  std::string fault;  // as above; empty when the text is the whole file
  bool missing = false;

  bool ok() const { return fault.empty(); }
};
// The whole file; a fault when it has more octets than `limit`.
FileText read_file(const std::string& path, std::size_t limit);

// True for a FIFO or pipe: a FIFO's path, /dev/stdin of a pipeline, /dev/fd/63.
bool is_pipe(const std::string& path);
// What the pipe delivers until its writers have closed it.  Waits for them: 10
// s for the next octets, 60 s for all of them.  Nothing can read it again.
FileText read_pipe(const std::string& path, std::size_t limit);

// A file of the kernel's, below /proc or /sys: empty when it cannot be read.
std::string kernel_text(const std::string& path);

// "is a folder, not a file"; "" for a regular file, or when nothing is there.
std::string fault_of_kind(const std::string& path);

}  // namespace canopy
