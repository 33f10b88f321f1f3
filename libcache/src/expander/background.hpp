#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <stop_token>

namespace cachekit {

/// Work that outlives the call that began it, each on a thread of its own. The end of this object
/// tells all of it to stop, and waits for it.
///
/// Threads: any.
class Background {
 public:
  explicit Background(std::size_t most) noexcept : most_(most) {}
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  /// False: as much as may be is under way, or there is no thread to be had; nothing was begun.
  [[nodiscard]] bool start(std::function<void(const std::stop_token&)> work);

 private:
  void ended() noexcept;

  const std::size_t most_;
  std::stop_source stop_{};
  std::mutex mutex_;  // guards under_way_
  std::condition_variable changed_;
  std::size_t under_way_ = 0;
};

}  // namespace cachekit
