#pragma once

#include <stdexcept>
#include <string>

namespace cachekit::bench {

/// A measurement that means nothing: an answer was wrong or missing, or a program did not run.
class BenchFailure : public std::runtime_error {
 public:
  explicit BenchFailure(const std::string& message) : std::runtime_error(message) {}
};

}  // namespace cachekit::bench
