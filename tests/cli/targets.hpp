#pragma once

#include "support/servers.hpp"
#include "support/temp_dir.hpp"

#include <functional>
#include <string>

namespace cachekit::test {

/// The three kinds of cache that the command talks to, the Memcached one with three servers.
class Targets {
 public:
  [[nodiscard]] std::string memory() const {
    return "memory:" + (folder_ / "snapshot").string() + "?capacity=8MiB";
  }
  [[nodiscard]] std::string redis() const { return redis_.url(); }
  [[nodiscard]] std::string memcached() const {
    return "memcached://" + first_.endpoint() + "," + second_.endpoint() + "," + third_.endpoint();
  }
  [[nodiscard]] MemcachedServer& one_memcached() { return second_; }

  /// Calls `body` with each URL; a failure says which.
  void each(const std::function<void(const std::string& url)>& body) const;

 private:
  TempDir folder_;
  RedisServer redis_;
  MemcachedServer first_;
  MemcachedServer second_;
  MemcachedServer third_;
};

}  // namespace cachekit::test
