#pragma once

#include <string>
#include <string_view>

namespace cachekit::cli {

/// The reader of our output went away: the command ends quietly.
struct ClosedPipe {};

/// Bytes to a descriptor, buffered: exact ones to a file or a pipe. A terminal does what bytes tell
/// it to, so there control bytes are shown as "\x1B" unless `trust_data` was called: in `data` all
/// of them, in other text all but line ends and tabs. Threads: one at a time.
///
/// Errors: throws `ClosedPipe`, or `OutputFailure` when the bytes cannot be written (a full disk),
/// or when an interrupted command waits for a reader that does not read.
class Writer {
 public:
  explicit Writer(int descriptor);

  void write(std::string_view text);
  void line(std::string_view text);
  /// A key or a value.
  void data(std::string_view bytes);
  /// A control sequence of our own.
  void control(std::string_view sequence) { append(sequence); }
  void flush();

  /// Before anything is done whose result could not be told. Errors: throws `OutputFailure` where
  /// the descriptor was closed when the process began.
  void require() const;

  /// Whether a person reads it.
  [[nodiscard]] bool is_terminal() const noexcept { return terminal_; }
  /// Whether it is a terminal that understands control sequences, by `TERM`.
  [[nodiscard]] bool has_controls() const noexcept;
  /// From now on, bytes go to a terminal as they are.
  void trust_data() noexcept { trusted_ = true; }

 private:
  void append(std::string_view bytes);
  // Writes some of it and gives how much, or -1 with errno.
  [[nodiscard]] long write_some(std::string_view bytes) const;

  int descriptor_;
  bool terminal_;
  bool may_block_;
  bool trusted_ = false;
  std::string buffer_;
};

}  // namespace cachekit::cli
