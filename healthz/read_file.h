// Reads files that other programs provide.  A path may lead to something other
// than a file (a folder, a FIFO, a device, a socket), may be endless, or may
// disappear.  None of these makes a thread wait, throws, or takes more memory
// than the caller allows.
//
// Every file that this program reads is read through this header; a test
// enforces this for all folders.
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
  FilePtr file;          // null if there is a fault
  std::string fault;     // error text after the path: "is a folder, ..."
  bool missing = false;  // the path does not exist
};
// Opens a regular file of at most `limit` octets, for reading in pieces.
OpenedFile open_file(const std::string& path, std::size_t limit);

struct FileText {
  std::string text;
  std::string fault;  // as above; empty when `text` is the whole file
  bool missing = false;

  bool ok() const { return fault.empty(); }
};
// Reads the whole file; a fault when it has more octets than `limit`.
FileText read_file(const std::string& path, std::size_t limit);

// True for a FIFO or pipe: a FIFO's path, /dev/stdin of a pipeline, /dev/fd/63.
bool is_pipe(const std::string& path);
// Reads the pipe until its writers have closed it.  Waits at most 10 s for the
// next octets and 60 s for all of them.  The data cannot be read again.
FileText read_pipe(const std::string& path, std::size_t limit);

// Reads a kernel file below /proc or /sys; empty when it cannot be read.
std::string kernel_text(const std::string& path);

// "is a folder, not a file"; "" for a regular file, or when the path does not
// exist.
std::string fault_of_kind(const std::string& path);

}  // namespace canopy
