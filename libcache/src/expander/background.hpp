#pragma once

#include <cachekit/runtime.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>

namespace cachekit {

/// Work that outlives the call that began it, each on a thread of its own. The end of this object
/// tells all of it to stop, and waits for it.
///
/// Threads: any.
class Background {
 public:
  Background(Runtime& runtime, std::size_t most)
      : runtime_(runtime), most_(most), changed_(runtime.make_condition()) {}
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  /// False: as much as may be is under way, or there is no thread to be had; nothing was begun.
  [[nodiscard]] bool start(std::function<void(const std::stop_token&)> work);

 private:
  void ended() noexcept;

  Runtime& runtime_;
  const std::size_t most_;
  std::stop_source stop_{};
  std::mutex mutex_;  // guards under_way_
  const std::unique_ptr<Runtime::Condition> changed_;
  std::size_t under_way_ = 0;
};

}  // namespace cachekit
