#pragma once

#include "catch.hpp"

#include <cachekit/error.hpp>

#include <optional>
#include <string>

namespace cachekit::test {

/// The value; an error fails the test with its own words.
template <typename T>
T must(Result<T> result) {
  if (!result) {
    FAIL(to_string(result.error().code) << ": " << result.error().describe());
  }
  return *std::move(result);
}

inline void must(const Result<void>& result) {
  if (!result) {
    FAIL(to_string(result.error().code) << ": " << result.error().describe());
  }
}

/// The name of the error's code, or "no error".
template <typename T>
std::string code_of(const Result<T>& result) {
  return result ? "no error" : std::string(to_string(result.error().code));
}

}  // namespace cachekit::test
