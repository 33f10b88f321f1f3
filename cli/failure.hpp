#pragma once

#include "exit_code.hpp"

#include <cachekit/error.hpp>

#include <string>
#include <type_traits>
#include <utility>

namespace cachekit::cli {

/// Thrown to end a command: what failed, why, and with which exit code. `main` shows it.
struct Failure {
  Failure(std::string what_failed, Error why)
      : what(std::move(what_failed)), error(std::move(why)), code(exit_code_of(error)) {}
  Failure(std::string what_failed, Error why, ExitCode exit_code)
      : what(std::move(what_failed)), error(std::move(why)), code(exit_code) {}

  std::string what;
  Error error;
  ExitCode code;
};

/// Thrown where output cannot be written: the command may have done its work all the same.
struct OutputFailure : Failure {
  explicit OutputFailure(Error why) : Failure("output", std::move(why)) {}
};

/// For what is wrong in a file, the environment, a URL or an option of the configuration.
inline Failure wrong_configuration(Error why) {
  if (why.hint.empty()) {
    why.hint =
        "correct it where the message says, or name another profile or file; "
        "'cachekit config init' prints all options";
  }
  return {"configuration", std::move(why), ExitCode::configuration};
}

/// The value of a result, or a `Failure`.
template <typename T>
T value_or_fail(const std::string& what, Result<T> result) {
  if (!result) throw Failure(what, std::move(result).error());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

}  // namespace cachekit::cli
