#pragma once

#include "transfer/record_reader.hpp"

#include <cachekit/error.hpp>

#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace cachekit::cli {

/// A running fingerprint of the rows of an input, so that a checkpoint is never applied to another
/// input, wherever it came from.
class RowHash {
 public:
  RowHash() = default;
  explicit RowHash(std::uint64_t value) : value_(value) {}
  void add(const Row& row) noexcept;
  [[nodiscard]] std::uint64_t value() const noexcept { return value_; }

 private:
  void add(std::string_view bytes) noexcept;
  std::uint64_t value_ = 0xCBF29CE484222325U;
};

/// How far a load came: every row up to `rows` is stored, was there already, or is bad.
struct Checkpoint {
  std::string target{};  ///< Where the rows went.
  std::uint64_t rows = 0;
  std::uint64_t hash = 0;  ///< `RowHash` of these rows.
  /// The last keys that were stored, the newest at the end: of many, so that each server of a fleet
  /// has some of them; of few bytes.
  std::deque<std::string> last_keys{};
  std::uint64_t bad = 0;  ///< How many of the rows are.

  void note_stored(const std::string& key);
};

/// Empty where there is no file.
/// Errors: `invalid_argument` when the file is not a checkpoint or cannot be read.
[[nodiscard]] Result<std::optional<Checkpoint>> read_checkpoint(const std::filesystem::path& file);

/// Replaces the file as a whole: a reader sees the old one or the new one. Errors: `rejected`.
[[nodiscard]] Result<void> write_checkpoint(const std::filesystem::path& file,
                                            const Checkpoint& checkpoint);

/// Whether it could be written; nothing is left behind. Errors: as `write_checkpoint`.
[[nodiscard]] Result<void> try_checkpoint(const std::filesystem::path& file);

/// Whether two names lead to one file, there or not; links are followed.
[[nodiscard]] bool is_same_file(const std::filesystem::path& a, const std::filesystem::path& b);

/// Removes the file; a symbolic link to it stays. Nothing that is no regular file is removed.
void remove_checkpoint(const std::filesystem::path& file);

}  // namespace cachekit::cli
