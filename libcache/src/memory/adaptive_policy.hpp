#pragma once

#include "memory/entry_queue.hpp"
#include "memory/ghost.hpp"
#include "memory/policy.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace cachekit::memory {

/// The policy of the cache; adaptive_policy.cpp begins with what it does and why.
///
/// Threads: as `Policy`. The admission may be changed by anybody at any time.
class AdaptivePolicy final : public Policy {
 public:
  /// Lifetime: `admission` must outlive this.
  explicit AdaptivePolicy(const std::atomic<Admission>& admission) : admission_(admission) {}

  void reserve() override;
  [[nodiscard]] const Entry* expect(std::uint32_t hash) noexcept override;
  void add(Entry& entry) noexcept override;
  void replace(const Entry& old, Entry& fresh) noexcept override;
  void remove(const Entry& entry) noexcept override;
  [[nodiscard]] Entry& evict() noexcept override;
  [[nodiscard]] Entry* front() const noexcept override {
    return probation_.empty() ? main_.front() : probation_.front();
  }
  void restart() noexcept override;
  void expand() noexcept override { full_ = 0; }
  [[nodiscard]] std::size_t queues() const noexcept override { return 2; }
  [[nodiscard]] EntryQueue& queue(std::size_t number) noexcept override {
    return number == 0 ? probation_ : main_;
  }
  [[nodiscard]] std::uint32_t now() const noexcept override { return now_; }
  void for_each(const std::function<void(const Entry&)>& visit) const override;
  [[nodiscard]] std::size_t count() const noexcept override {
    return probation_.count() + main_.count();
  }
  [[nodiscard]] bool consistent() const override;

 private:
  // Of Entry::policy, beside the uses.
  static constexpr std::uint8_t in_main = 4;

  [[nodiscard]] static std::uint8_t uses(const Entry& entry) noexcept {
    return entry.policy.load(std::memory_order_relaxed) & most_uses;
  }
  [[nodiscard]] static bool is_in_main(const Entry& entry) noexcept {
    return (entry.policy.load(std::memory_order_relaxed) & in_main) != 0;
  }
  [[nodiscard]] bool filters() const noexcept {
    return admission_.load(std::memory_order_relaxed) == Admission::filter;
  }
  [[nodiscard]] bool evicts_from_probation() const noexcept;
  [[nodiscard]] std::size_t probation_share() const noexcept;
  [[nodiscard]] std::size_t main_share() const noexcept { return full_ - probation_share(); }
  [[nodiscard]] Ghost::Time ghost_time(std::uint32_t stamp) const noexcept {
    return static_cast<Ghost::Time>(stamp / tick_);
  }

  [[nodiscard]] bool deserves_main(const Entry& entry) noexcept;
  void look_at_age() noexcept;
  void to_main(Entry& entry, std::uint8_t uses) noexcept;
  void settle_main(int& steps) noexcept;
  [[nodiscard]] Entry& evict_main(int& steps) noexcept;
  [[nodiscard]] Entry& leave(EntryQueue& queue) noexcept;

  const std::atomic<Admission>& admission_;
  EntryQueue probation_;
  EntryQueue main_;
  std::size_t full_ = 0;        // How many entries there were when room was last needed.
  bool young_ = true;           // New keys need no history.
  std::uint32_t now_ = 0;       // Counts the keys that came.
  std::uint32_t tick_ = 1;      // So many of them make one unit of the ghost's time.
  std::optional<Ghost> ghost_;  // Once something was evicted.
};

}  // namespace cachekit::memory
