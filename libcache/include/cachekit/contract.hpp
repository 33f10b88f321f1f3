#pragma once

#include <cachekit/backend.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

/// The specification of `CacheBackend` as a test program: link `cachekit::contract`, which brings
/// `main` and needs Catch2, and define `candidates`. docs/writing-a-backend.md shows how.

namespace cachekit::contract {

/// A backend that is to keep to the specification, and what the specification must know of it.
struct Candidate {
  std::string name{};  ///< For people: it stands beside what fails.
  /// Gives a backend that is not connected. Called often, also while others that it gave are alive.
  std::function<std::unique_ptr<CacheBackend>()> make{};
  bool shares_data = false;  ///< One that `make` gives sees what another one has stored.
  std::size_t nodes = 1;     ///< How many `ping` and `stats` tell of.
  /// The smallest value that is too large, in bytes; 0: `Capabilities::max_value_bytes` and one.
  std::size_t oversize = 0;
  /// A value that is too large may take the older one with it, even where `if_absent` was asked for
  /// (Memcached).
  bool drops_what_it_refuses = false;
};

/// To be defined by the test program; called once. All of a candidate's data is fair game: the
/// tests clear it.
[[nodiscard]] std::vector<Candidate> candidates();

}  // namespace cachekit::contract
