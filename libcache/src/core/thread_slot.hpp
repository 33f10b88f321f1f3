#pragma once

#include <cstddef>
#include <cstdint>

namespace cachekit::core {

/// Which of a few places the calling thread uses where each thread writes to a place of its own, so
/// that threads do not hand a cache line to and fro.
///
/// The first threads own theirs: as long as such a thread lives, nobody else has its place as an
/// owner, so what lies there for the owner can be changed by a load and a store. That costs a
/// fraction of an atomic addition, which also keeps the processor from going on with what comes
/// next. All other threads share the places, and want an atomic addition on another field.
///
/// Threads: its purpose. A thread that ends gives its place back.
class ThreadSlot {
 public:
  static constexpr std::size_t count = 8;

  [[nodiscard]] static ThreadSlot mine() noexcept {
    if (!chosen.chosen_) choose();
    return chosen;
  }

  [[nodiscard]] std::size_t number() const noexcept { return number_; }
  [[nodiscard]] bool owned() const noexcept { return owned_; }

 private:
  class Ownership;

  static void choose() noexcept;

  static constinit thread_local ThreadSlot chosen;

  std::uint8_t number_ = 0;
  bool owned_ = false;
  bool chosen_ = false;
};

inline constinit thread_local ThreadSlot ThreadSlot::chosen{};

}  // namespace cachekit::core
