#pragma once

#include <cachekit/runtime.hpp>

#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

namespace cachekit {

/// One writer of a key at a time: what is stored, and what removes it, reach the cache in an order
/// that this process knows.
///
/// Threads: any. A lock is held while the cache is asked, which takes no longer than its budget.
class KeyLocks {
 public:
  class Held {
   public:
    Held() = default;
    Held(Held&& other) noexcept
        : locks_(std::exchange(other.locks_, nullptr)), key_(std::move(other.key_)) {}
    Held& operator=(Held&&) = delete;
    ~Held() {
      if (locks_ != nullptr) locks_->unlock(key_);
    }
    /// Whether it was to be had in time.
    [[nodiscard]] explicit operator bool() const noexcept { return locks_ != nullptr; }

   private:
    friend class KeyLocks;
    Held(KeyLocks& locks, std::string key) : locks_(&locks), key_(std::move(key)) {}

    KeyLocks* locks_ = nullptr;
    std::string key_{};
  };

  explicit KeyLocks(Runtime& runtime);

  [[nodiscard]] Held lock(std::string_view key, Runtime::steady_time until);

 private:
  struct Shard {
    std::mutex mutex;  // guards held
    std::unique_ptr<Runtime::Condition> released;
    std::unordered_set<std::string> held;
  };

  [[nodiscard]] Shard& shard_of(std::string_view key) noexcept {
    return shards_[std::hash<std::string_view>{}(key) % shards_.size()];
  }
  void unlock(const std::string& key) noexcept;

  std::array<Shard, 16> shards_{};
};

}  // namespace cachekit
