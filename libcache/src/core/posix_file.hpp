#pragma once

#include "core/internal.hpp"

#include <cachekit/error.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

namespace cachekit::core {

/// A failed system call as an error: "cannot ACTION PATH: REASON". Call it before anything else
/// can change `errno`.
[[nodiscard]] CACHEKIT_INTERNAL tl::unexpected<Error> file_error(std::string_view action,
                                                                 const std::filesystem::path& path);

/// The error for a folder, a device or a pipe where a file is wanted.
[[nodiscard]] CACHEKIT_INTERNAL tl::unexpected<Error> not_regular(
    const std::filesystem::path& path);

/// An open file; closes itself, and does not survive an exec. It is never one of the descriptors of
/// standard input, output and error, however many of them the program has closed.
class CACHEKIT_INTERNAL File {
 public:
  /// `flags` and `mode` as of open(2).
  [[nodiscard]] static Result<File> open(const std::filesystem::path& path, int flags,
                                         unsigned mode = 0);
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  /// Errors: also when it is no regular file.
  [[nodiscard]] Result<std::uint64_t> size() const;
  /// Gives less than asked only at the end.
  [[nodiscard]] Result<std::size_t> read(std::span<char> into);
  [[nodiscard]] Result<void> rewind();
  [[nodiscard]] Result<void> write(std::string_view bytes);
  /// Returns when the bytes are on the disk.
  [[nodiscard]] Result<void> sync();

 private:
  File(int descriptor, std::filesystem::path path);

  int descriptor_ = -1;
  std::filesystem::path path_;
};

}  // namespace cachekit::core
