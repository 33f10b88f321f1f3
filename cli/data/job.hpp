#pragma once

#include <cachekit/error.hpp>

#include <cstdint>
#include <cstdio>
#include <functional>
#include <optional>
#include <string_view>

namespace cachekit::cli {

/// What a long-running command needs of the command line around it.
struct Job {
  bool json = false;
  bool progress = false;  ///< The error stream is a terminal that may be drawn on.
  std::function<bool()> interrupted = [] { return false; };
  std::FILE* out = stdout;  ///< Data.
  std::FILE* talk = stderr;
};

/// How it ended.
struct JobEnd {
  enum class How : std::uint8_t {
    done,
    incomplete,   ///< Went through, with records that were passed over.
    gate,         ///< A bench gate fell short, or an answer was wrong.
    interrupted,  ///< Ctrl-C; what there is was printed.
    failed,       ///< `error` says why.
  };
  How how = How::done;
  std::optional<Error> error{};

  [[nodiscard]] static JobEnd failure(Error error) { return {How::failed, std::move(error)}; }
};

/// Writes to the job's output at once. False when nobody reads it any more (a closed pipe).
/// Errors: `rejected` when it cannot be written for any other reason, such as a full disk.
[[nodiscard]] Result<bool> write_out(const Job& job, std::string_view text);

}  // namespace cachekit::cli
