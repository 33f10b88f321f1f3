#pragma once

#include "memory/entry_queue.hpp"
#include "memory/policy.hpp"

namespace cachekit::memory {

/// The oldest entry goes first, whether it is used or not.
class Fifo : public Policy {
 public:
  void reserve() override { queue_.reserve(); }
  void add(Entry& entry) noexcept override { queue_.push_back(entry); }
  void replace(const Entry& old, Entry& fresh) noexcept override { queue_.replace(old, fresh); }
  void remove(const Entry& entry) noexcept override { queue_.remove(entry); }
  [[nodiscard]] Entry& evict() noexcept override;
  [[nodiscard]] Entry* front() const noexcept override { return queue_.front(); }
  [[nodiscard]] std::size_t queues() const noexcept override { return 1; }
  [[nodiscard]] EntryQueue& queue(std::size_t) noexcept override { return queue_; }
  void for_each(const std::function<void(const Entry&)>& visit) const override;
  [[nodiscard]] std::size_t count() const noexcept override { return queue_.count(); }
  [[nodiscard]] bool consistent() const override { return queue_.consistent(); }

 protected:
  void move_to_back(Entry& entry) noexcept;

 private:
  EntryQueue queue_;
};

/// Exactly the least recently used entry goes first. A use changes the order, so readers take the
/// lock for writing.
class Lru final : public Fifo {
 public:
  [[nodiscard]] bool orders_uses() const noexcept override { return true; }
  void use(Entry& entry) noexcept override { move_to_back(entry); }
  void replace(const Entry& old, Entry& fresh) noexcept override;
};

}  // namespace cachekit::memory
