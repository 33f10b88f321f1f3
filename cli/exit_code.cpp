#include "exit_code.hpp"

namespace cachekit::cli {
namespace {

ExitCode code_of_kind(Errc code) noexcept {
  switch (code) {
    case Errc::invalid_argument:
      return ExitCode::usage;
    case Errc::too_large:
    case Errc::rejected:
    case Errc::decode:
    case Errc::loader_failed:
      return ExitCode::refused;
    case Errc::timeout:
    case Errc::outcome_unknown:
    case Errc::unavailable:
    case Errc::overloaded:
    case Errc::protocol:
      return ExitCode::unreachable;
    case Errc::unsupported:
      return ExitCode::unsupported;
    case Errc::cancelled:
      return ExitCode::interrupted;
  }
  return ExitCode::fault;
}

}  // namespace

bool is_out_of_memory(const Error& error) noexcept { return error.message == "out of memory"; }

ExitCode exit_code_of(const Error& error) noexcept {
  return is_out_of_memory(error) ? ExitCode::refused : code_of_kind(error.code);
}

ExitCode worse(ExitCode a, ExitCode b) noexcept {
  const auto is_failure = [](ExitCode code) {
    return code != ExitCode::done && code != ExitCode::no;
  };
  if (is_failure(a)) return a;
  if (is_failure(b)) return b;
  return a == ExitCode::no ? a : b;
}

}  // namespace cachekit::cli
