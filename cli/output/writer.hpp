#pragma once

#include <string>
#include <string_view>

namespace cachekit::cli {

/// The reader of our output went away: the command ends quietly.
struct ClosedPipe {};

/// Exact bytes to a descriptor, buffered. Threads: one at a time.
///
/// Errors: throws `ClosedPipe`, or `Failure` when the bytes cannot be written (a full disk), or
/// when an interrupted command waits for a reader that does not read.
class Writer {
 public:
  explicit Writer(int descriptor);

  void write(std::string_view bytes);
  void line(std::string_view text);
  void flush();

  /// Before anything is done whose result could not be told. Errors: throws `Failure` where the
  /// descriptor was closed when the process began.
  void require() const;

  /// Whether a person reads it.
  [[nodiscard]] bool is_terminal() const noexcept { return terminal_; }

 private:
  // Writes some of it and gives how much, or -1 with errno.
  [[nodiscard]] long write_some(std::string_view bytes) const;

  int descriptor_;
  bool terminal_;
  bool may_block_;
  std::string buffer_;
};

}  // namespace cachekit::cli
