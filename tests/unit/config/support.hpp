#pragma once

#include <cachekit/config.hpp>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>

#include <unistd.h>

namespace cachekit::test {

using Variables = std::map<std::string, std::string, std::less<>>;

/// An environment that holds these variables and no others.
inline Environment environment_of(Variables variables) {
  return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional<std::string>(found->second);
  };
}

/// A folder that is gone when the test is over.
class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "config-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path write(const std::string& name, std::string_view text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

/// Everything of an error that anybody could print.
inline std::string all_text(const Error& error) {
  return error.message + "\n" + error.endpoint + "\n" + error.hint + "\n" + error.describe();
}

/// Loads a file with this text; no environment, unless one is given.
inline Result<Settings> load_text(std::string_view text, SettingsRequest request = {},
                                  Variables variables = {}) {
  const Folder folder;
  request.file = folder.write("cachekit.toml", text);
  request.environment = environment_of(std::move(variables));
  return load_settings(request);
}

}  // namespace cachekit::test
