#pragma once

#include <cachekit/runtime.hpp>

#include <chrono>
#include <functional>
#include <memory>

namespace cachekit {

/// Does something again and again, at a distance, until it is done with.
///
/// Threads: any. Lifetime: `stop` comes before the end of what the step uses.
class Repeater {
 public:
  using Step = std::function<void()>;

  /// The step is called on the runtime's timer thread, and must be short. For another time it calls
  /// `arm` again.
  Repeater(Runtime& runtime, std::chrono::milliseconds distance, Step step);
  ~Repeater() { stop(); }
  Repeater(const Repeater&) = delete;
  Repeater& operator=(const Repeater&) = delete;

  /// Has the step called once, after the distance, unless it is going to be called anyway.
  void arm() noexcept;
  /// It is not called any more when this returns.
  void stop() noexcept;

 private:
  struct Link;  // What a timer knows, which may outlive this object.

  Runtime& runtime_;
  const std::chrono::milliseconds distance_;
  const std::shared_ptr<Link> link_;
};

}  // namespace cachekit
