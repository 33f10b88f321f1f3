#pragma once

#include <cachekit/contract.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cachekit::test {

/// Those that the program has named, for as long as it runs.
[[nodiscard]] const std::vector<const contract::Candidate*>& all_candidates();

/// One backend under test, with keys that no other test has used.
class Subject {
 public:
  explicit Subject(const contract::Candidate& candidate);

  [[nodiscard]] CacheBackend* operator->() const noexcept { return backend_.get(); }
  [[nodiscard]] CacheBackend& operator*() const noexcept { return *backend_; }
  /// What else is known of it.
  [[nodiscard]] const contract::Candidate& candidate() const noexcept { return candidate_; }
  /// A key of this subject's own.
  [[nodiscard]] std::string key(std::string_view name) const { return prefix_ + std::string(name); }
  [[nodiscard]] const std::string& prefix() const noexcept { return prefix_; }
  /// A value of this size is too large, be it for our own bound or for the server's.
  [[nodiscard]] std::size_t oversize() const;

 private:
  const contract::Candidate& candidate_;
  std::unique_ptr<CacheBackend> backend_;
  std::string prefix_;
};

}  // namespace cachekit::test

/// Runs the rest of the test case once for each `const Candidate& candidate`.
#define CACHEKIT_FOR_EACH_CANDIDATE(candidate)                 \
  const cachekit::contract::Candidate& candidate =             \
      *GENERATE(from_range(cachekit::test::all_candidates())); \
  INFO("backend: " << candidate.name)

/// Runs the rest of the test case once for each backend, each time with a new `Subject cache`.
#define CACHEKIT_FOR_EACH_BACKEND(cache)             \
  CACHEKIT_FOR_EACH_CANDIDATE(candidate_of_##cache); \
  const cachekit::test::Subject cache(candidate_of_##cache)
