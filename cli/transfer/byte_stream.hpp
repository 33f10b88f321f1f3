#pragma once

#include <cachekit/error.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace cachekit::cli {

/// Fills the span with what is there and gives how much; 0 at the end.
using ReadSome = std::function<Result<std::size_t>(std::span<char>)>;

/// A file, or standard input for "-". Lifetime: the descriptor lives as long as the function.
/// Errors: `invalid_argument` when it cannot be opened; the function gives `cancelled` once
/// `interrupted` says so.
[[nodiscard]] Result<ReadSome> open_input(const std::string& path,
                                          std::function<bool()> interrupted);

/// Bytes one by one or line by line, out of a source that gives them in pieces of any size.
class ByteStream {
 public:
  explicit ByteStream(ReadSome read);

  /// The next byte without taking it; empty at the end and after an error.
  [[nodiscard]] std::optional<char> peek();
  std::optional<char> next();

  /// Appends up to the next newline, which is taken and left out, but never more than `limit`
  /// bytes; what is beyond them is dropped. False at the end of the input.
  bool read_line(std::string& line, std::size_t limit, bool& too_long);

  [[nodiscard]] std::uint64_t bytes_taken() const noexcept { return taken_; }
  [[nodiscard]] const std::optional<Error>& error() const noexcept { return error_; }

 private:
  bool fill();

  ReadSome read_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t taken_ = 0;
  bool at_end_ = false;
  std::optional<Error> error_;
};

}  // namespace cachekit::cli
