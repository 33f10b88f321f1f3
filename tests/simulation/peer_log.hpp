#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

namespace cachekit::test {

/// What a schedule has found.
class Violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline void must(bool holds, const std::string& what) {
  if (!holds) throw Violation(what);
}

/// Who asks what: the n-th call of a caller.
struct CallName {
  std::size_t caller = 0;
  std::size_t number = 0;
  bool write = false;

  [[nodiscard]] std::string text() const {
    return (write ? "w" : "r") + std::to_string(caller) + "." + std::to_string(number);
  }
};

/// What the peer has carried out, over all connections.
struct PeerLog {
  struct Entry {
    std::string name;
    std::size_t link = 0;
  };
  std::vector<Entry> entries;

  [[nodiscard]] std::size_t count(const std::string& name) const {
    std::size_t found = 0;
    for (const Entry& entry : entries) found += entry.name == name ? std::size_t{1} : 0;
    return found;
  }
};

}  // namespace cachekit::test
