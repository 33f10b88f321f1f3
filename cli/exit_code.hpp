#pragma once

#include <cachekit/error.hpp>

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

/// The exit code for a failed operation.
[[nodiscard]] ExitCode exit_code_of(Errc code) noexcept;
/// The same, and tells that there was no memory from a server that is out of reach.
[[nodiscard]] ExitCode exit_code_of(const Error& error) noexcept;

/// The graver of two outcomes of one command: any failure before a "no", a "no" before done.
[[nodiscard]] ExitCode worse(ExitCode a, ExitCode b) noexcept;

}  // namespace cachekit::cli
