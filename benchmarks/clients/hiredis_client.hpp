#pragma once

#include "key_space.hpp"

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <hiredis/hiredis.h>

namespace cachekit::bench {

/// One blocking connection by bare hiredis, used the fastest way it has: arguments with their
/// lengths (no format string), and the reply looked at where it lies.
///
/// Threads: one at a time.
class HiredisClient {
 public:
  HiredisClient(const std::string& host, std::uint16_t port);

  void get(std::string_view key, std::size_t size);
  void set(std::string_view key, std::string_view value);
  /// All commands appended, then all replies.
  void get_many(std::span<const std::string_view> keys);

 private:
  struct Free {
    void operator()(redisContext* context) const noexcept { redisFree(context); }
    void operator()(redisReply* reply) const noexcept { freeReplyObject(reply); }
  };
  using Reply = std::unique_ptr<redisReply, Free>;

  [[nodiscard]] Reply next_reply();
  [[noreturn]] void fail() const;

  std::unique_ptr<redisContext, Free> context_;
};

/// The pool that people write around hiredis: a stack of connections under a mutex, a condition
/// variable for those who find it empty, one connection checked out for each operation.
class HiredisPool {
 public:
  HiredisPool(const std::string& host, std::uint16_t port, std::size_t connections);

  void get(std::string_view key, std::size_t size);
  void set(std::string_view key, std::string_view value);

 private:
  class PooledConnection;

  std::vector<std::unique_ptr<HiredisClient>> clients_;
  std::mutex mutex_;  // Guards idle_.
  std::condition_variable returned_;
  std::vector<HiredisClient*> idle_;
};

}  // namespace cachekit::bench
