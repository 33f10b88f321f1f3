#pragma once

#include "evictions.hpp"
#include "exit_code.hpp"
#include "failure.hpp"
#include "output/writer.hpp"

#include <cachekit/backend.hpp>
#include <cachekit/config.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cachekit::cli {

/// The options that stand before any command, as given.
struct GlobalOptions {
  std::string profile{};
  std::string config_file{};
  std::string url{};
  std::optional<std::chrono::milliseconds> timeout{};
  std::vector<std::string> options{};  ///< KEY=VALUE.
  bool json = false;
  bool quiet = false;
  bool verbose = false;
  std::string color = "auto";
  bool raw = false;  ///< Bytes as they are, also on a terminal.
};

/// What a command means to do. Readers leave the snapshot of the in-process cache alone; writers
/// get no cache that cannot hold all of it, unless they are about to discard it.
enum class Access { read, write, discard };

/// What helps where a snapshot was not loaded whole.
inline constexpr std::string_view whole_snapshot_hint =
    "raise the capacity (memory.capacity, memory.max_entries) where it does not fit; a damaged "
    "file "
    "comes back only from a copy of it";

/// What every command works with: the options, the settings they lead to, the backend, the outputs.
class Context {
 public:
  GlobalOptions options{};
  std::string command = "cachekit";  ///< What runs, with all its words: "cachekit config show".
  Writer out{1};
  Writer err{2};

  /// Errors: throws `Failure` with exit code 3.
  [[nodiscard]] const Settings& settings();
  /// The same request that `settings()` makes, for commands that look at configuration itself.
  [[nodiscard]] SettingsRequest settings_request() const;
  /// Changes the settings before the backend is made.
  [[nodiscard]] Settings& mutable_settings();

  /// The backend, made and connected on first use. Errors: throws `Failure`.
  [[nodiscard]] CacheBackend& backend(Access access);
  /// The longest value that the backend lets through, in bytes; its server may take less.
  [[nodiscard]] std::size_t value_limit(const CacheBackend& made);
  /// The same as `backend`, not connected: for commands whose answer is whether that works.
  [[nodiscard]] CacheBackend& unconnected_backend(Access access);
  /// Connects one that was made of the settings, or looks whether each server of a fleet answers,
  /// which has the budget of an operation. Errors: throws `Failure`.
  void require_connected(CacheBackend& made);
  /// What the in-process cache left out of its snapshot when it loaded it, which it does when it is
  /// first used; `backend()` has warned of it.
  [[nodiscard]] std::vector<std::string> snapshot_warnings() const;
  /// Tells of them, under `--quiet` too where what was left out is lost.
  void warn_of_snapshot(Access access);
  /// Errors: throws `Failure` with exit code 5 where it left something out: whoever asks what there
  /// is must not take what is left for all of it, nor what is missing for what never was.
  void require_whole_snapshot() const;
  /// The exit code of a command that found nothing: 1, or 5 with a word on it where a snapshot was
  /// not loaded whole, since what is missing may have been in it.
  [[nodiscard]] ExitCode report_not_found();
  /// Makes what was written durable, and warns where a snapshot has lost entries by it; at the end
  /// of every command that writes, before it says that it is done. Errors: throws `Failure`.
  void flush_backend();
  /// For a command that has made it durable itself.
  void note_written() noexcept { written_ = true; }
  /// Whether that was done: the command has done its work, whatever becomes of its output.
  [[nodiscard]] bool has_written() const noexcept { return written_; }
  /// Whether there was something to be said on stderr, which is closed or full.
  [[nodiscard]] bool left_untold() const noexcept { return left_untold_; }

  /// A command for the same target, as it can be typed: "'cachekit -u redis://h:1 ping'". Secrets
  /// are left out, with a word on it.
  [[nodiscard]] std::string for_target(std::string_view words) const;

  /// "cachekit: WHAT: WHY" and "hint: ..." on stderr, or a JSON object under `--json`. Outputs that
  /// fail are passed over: this is the last word. Here and below, what a URL says between "://" and
  /// "@" is masked.
  void report(std::string_view what, const Error& error);
  /// A line on stderr that `--quiet` silences.
  void note(std::string_view text);
  /// One of data that was not taken, which `--quiet` does not silence.
  void note_of_loss(std::string_view text);
  void warn(std::string_view text);
  /// A warning that data was lost, which `--quiet` does not silence.
  void warn_of_loss(std::string_view text);
  /// A line on stderr under `--verbose`.
  void detail(std::string_view text);

  /// Whether to colour what goes to `writer`.
  [[nodiscard]] bool color(const Writer& writer) const;

  /// Whether a line on stderr may be written over and over.
  [[nodiscard]] bool shows_progress() const;

  /// Asks on the terminal, or refuses where there is none. True for yes, or when `yes` is set.
  /// Errors: throws `Failure` with exit code 2 where nobody can be asked.
  [[nodiscard]] bool confirmed(bool yes, std::string_view question);

 private:
  void warn_of_secrets();
  void warn_of_practice();
  void warn_of_evictions();
  void check_memory(Access access);
  void check_snapshot(Access access);
  void say(std::string_view kind, std::string_view prefix, std::string_view text);
  void tell(std::string_view text, std::string_view color = {});
  [[nodiscard]] std::optional<Failure> partial_snapshot() const;
  [[nodiscard]] Error why_unconnected(const CacheBackend& made, Error error) const;
  [[nodiscard]] std::string usual_hint(const Error& error) const;

  std::optional<Settings> settings_;
  std::unique_ptr<CacheBackend> backend_;
  bool connected_ = false;
  bool written_ = false;
  bool told_partial_ = false;
  bool left_untold_ = false;
  std::optional<Held> held_{};  // By a snapshot, before the command.
};

}  // namespace cachekit::cli
