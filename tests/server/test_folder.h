// A folder that is deleted after the test.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace canopy {

class TestFolder {
 public:
  TestFolder() {
    std::string name =
        (std::filesystem::temp_directory_path() / "canopy-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string path(const std::string& name) const { return path_ + "/" + name; }

  void write(const std::string& name, const std::string& text) const {
    const std::filesystem::path file = path(name);
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  // Replaces the link ..data by a rename, as the kubelet does.
  void link(const std::string& name, const std::string& target) const {
    std::filesystem::remove(path(name + ".new"));
    std::filesystem::create_symlink(target, path(name + ".new"));
    std::filesystem::rename(path(name + ".new"), path(name));
  }

 private:
  std::string path_;
};

}  // namespace canopy
