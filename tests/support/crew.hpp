#pragma once

#include <atomic>
#include <thread>
#include <vector>

namespace cachekit::test {

/// Runs `work(0)` ... `work(count - 1)`, each on a thread of its own, and waits for all of them.
/// Requires: `work` throws nothing, and makes no assertions: Catch2's belong to one thread.
template <typename Work>
void in_parallel(unsigned count, const Work& work) {
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < count; ++i) threads.emplace_back([&work, i] { work(i); });
  for (std::thread& thread : threads) thread.join();
}

/// Threads that repeat a step until they are told to stop, or until this object goes.
/// Requires: as `in_parallel`.
class Crew {
 public:
  template <typename Step>
  Crew(unsigned size, const Step& step) {
    for (unsigned i = 0; i < size; ++i) {
      threads_.emplace_back([this, step, i] {
        while (!over_) step(i);
      });
    }
  }
  ~Crew() { stop(); }
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  void stop() {
    over_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  std::atomic<bool> over_{false};
  std::vector<std::thread> threads_;
};

}  // namespace cachekit::test
