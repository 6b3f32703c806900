// What goes to standard error while it lives.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace canopy {

class CapturedLog {
 public:
  CapturedLog() : file_(std::tmpfile()), before_(::dup(STDERR_FILENO)) {
    if (file_ == nullptr || ::dup2(::fileno(file_), STDERR_FILENO) < 0) {
      std::abort();
    }
  }
  ~CapturedLog() {
    ::dup2(before_, STDERR_FILENO);
    ::close(before_);
    std::fclose(file_);
  }
  CapturedLog(const CapturedLog&) = delete;
  CapturedLog& operator=(const CapturedLog&) = delete;

  // How often `text` was said.
  int count(const std::string& text) const {
    std::string all(static_cast<std::size_t>(::lseek(fd(), 0, SEEK_END)), 0);
    const ssize_t size = ::pread(fd(), all.data(), all.size(), 0);
    all.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    int found = 0;
    for (std::size_t at = all.find(text); at != all.npos;
         at = all.find(text, at + 1)) {
      ++found;
    }
    return found;
  }

 private:
  int fd() const { return ::fileno(file_); }

  std::FILE* file_;
  int before_;
};

}  // namespace canopy
