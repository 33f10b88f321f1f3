#pragma once

#include <cachekit/error.hpp>

#include <string_view>

namespace cachekit::cli {

/// What the process ends with; scripts depend on these numbers.
enum class ExitCode : int {
  done = 0,           ///< Done; a hit.
  no = 1,             ///< A miss, not stored, nothing deleted.
  usage = 2,          ///< The command line is wrong.
  configuration = 3,  ///< File, profile or URL.
  unreachable = 4,    ///< A server is out of reach, or the time ran out.
  refused = 5,        ///< A server or a limit said no.
  unsupported = 6,    ///< This backend cannot do that.
  gate = 7,           ///< A bench gate fell short.
  fault = 70,         ///< A fault of our own.
  hung_up = 129,      ///< SIGHUP: the terminal is gone.
  interrupted = 130,  ///< SIGINT: Ctrl-C.
  terminated = 143,   ///< SIGTERM.
};

/// Whether this process had no memory for it, whatever its code: the library has none for that.
[[nodiscard]] bool is_out_of_memory(const Error& error) noexcept;

/// What helps then.
inline constexpr std::string_view no_memory_hint =
    "ask for less at once, or let it have more memory (ulimit -v)";

/// The exit code for a failed operation.
[[nodiscard]] ExitCode exit_code_of(const Error& error) noexcept;

/// The graver of two outcomes of one command: any failure before a "no", a "no" before done.
[[nodiscard]] ExitCode worse(ExitCode a, ExitCode b) noexcept;

}  // namespace cachekit::cli
