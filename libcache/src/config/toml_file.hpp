#pragma once

#include <cachekit/config.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cachekit::config {

/// One option as a file gives it; its key exists and its type fits, its value is not checked yet.
struct FileEntry {
  const Option* option = nullptr;
  std::string text{};
  std::string origin{};  ///< FILE:LINE
};

struct FileProfile {
  std::string name{};
  std::string origin{};
  std::vector<FileEntry> entries{};  ///< In the order of the option table.
};

struct ConfigFile {
  std::optional<std::string> default_profile{};
  std::string default_profile_origin{};
  std::vector<FileProfile> profiles{};

  /// The profile of that name, or null.
  [[nodiscard]] const FileProfile* find(std::string_view name) const noexcept;
};

/// Reads TOML. Errors: `invalid_argument`, "NAME:LINE: KEY: what was expected"; no value that may
/// be a secret is ever quoted.
[[nodiscard]] Result<ConfigFile> parse_config(std::string_view text, const std::string& name);
[[nodiscard]] Result<ConfigFile> read_config_file(const std::filesystem::path& path);

}  // namespace cachekit::config
