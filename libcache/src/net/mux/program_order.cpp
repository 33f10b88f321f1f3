#include "net/mux/program_order.hpp"

#include "core/fork.hpp"

#include <algorithm>
#include <vector>

#include <pthread.h>

namespace cachekit::net {

// What one thread has under way on one node. Only that thread adds; anybody ends.
class ThreadOrder {
 public:
  explicit ThreadOrder(std::shared_ptr<ProgramOrder::Signal> signal) noexcept
      : signal_(std::move(signal)) {}

  void begin(Lane lane) noexcept { count(lane).fetch_add(1); }
  void end(Lane lane) noexcept {
    const bool last = count(lane).fetch_sub(1) == 1;
    // Together with `must_wait`: either that sees that nothing is under way, or this its flag.
    if (!last || lane != Lane::shared || !waited_for_.exchange(false)) return;
    if (generation_ == core::fork_generation()) signal_->raise();  // Else it is the parent's.
  }
  [[nodiscard]] bool has(Lane lane) const noexcept { return count(lane).load() > 0; }
  [[nodiscard]] bool must_wait(Lane lane) noexcept {
    if (lane == Lane::shared || !has(Lane::shared)) return false;
    waited_for_.store(true);
    return has(Lane::shared);
  }

 private:
  [[nodiscard]] std::atomic<int>& count(Lane lane) noexcept {
    return counts_[static_cast<std::size_t>(lane)];
  }
  [[nodiscard]] const std::atomic<int>& count(Lane lane) const noexcept {
    return counts_[static_cast<std::size_t>(lane)];
  }

  const std::shared_ptr<ProgramOrder::Signal> signal_;
  const std::uint32_t generation_ = core::fork_generation();
  std::array<std::atomic<int>, 2> counts_{};
  std::atomic<bool> waited_for_{false};
};

namespace {

struct Entry {
  std::uint64_t number;
  std::shared_ptr<ThreadOrder> order;
};

// The nodes on which this thread has something under way, or had lately.
//
// Calls may come from destructors of thread-local and of global objects, so it is no such object
// itself: it is freed by a pthread key, which comes after all of the former, and again if it was
// made anew. The main thread keeps its own to the very end.
class Entries {
 public:
  [[nodiscard]] static Entries* mine() noexcept { return current; }
  /// Errors: throws `std::bad_alloc`.
  [[nodiscard]] static Entries& make() {
    if (current == nullptr) {
      static const Key key;
      current = new Entries;
      key.keep(current);
    }
    return *current;
  }

  // Entries of which nothing is under way are dropped on the way.
  [[nodiscard]] ThreadOrder* find(std::uint64_t number) noexcept {
    std::erase_if(list_, [](const Entry& entry) {
      return !entry.order->has(Lane::shared) && !entry.order->has(Lane::large);
    });
    const auto found = std::ranges::find(list_, number, &Entry::number);
    return found == list_.end() ? nullptr : found->order.get();
  }
  [[nodiscard]] std::shared_ptr<ThreadOrder> shared(const ThreadOrder* order) const noexcept {
    const auto is_it = [&](const Entry& entry) { return entry.order.get() == order; };
    return std::ranges::find_if(list_, is_it)->order;
  }
  void add(Entry entry) { list_.push_back(std::move(entry)); }
  [[nodiscard]] bool empty() const noexcept { return list_.empty(); }

 private:
  // Where there is no key or no room under it, a thread's list is never freed.
  class Key {
   public:
    Key() noexcept : made_(pthread_key_create(&key_, drop) == 0) {}
    void keep(Entries* entries) const noexcept {
      if (made_) static_cast<void>(pthread_setspecific(key_, entries));
    }

   private:
    static void drop(void* entries) noexcept {
      current = nullptr;
      delete static_cast<Entries*>(entries);
    }
    pthread_key_t key_{};
    bool made_;
  };

  static thread_local Entries* current;

  std::vector<Entry> list_;
};

thread_local Entries* Entries::current = nullptr;

std::uint64_t next_number() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

OrderTicket::OrderTicket(std::shared_ptr<ThreadOrder> order, Lane lane) noexcept
    : order_(std::move(order)), lane_(lane) {
  if (order_) order_->begin(lane_);
}

void OrderTicket::drop() noexcept {
  if (const std::shared_ptr<ThreadOrder> order = std::move(order_)) order->end(lane_);
}

bool OrderTicket::must_wait() const noexcept { return order_ && order_->must_wait(lane_); }

ProgramOrder::ProgramOrder() : number_(next_number()) {}

ProgramOrder::Mine ProgramOrder::mine() const noexcept {
  Entries* const entries = Entries::mine();
  if (entries == nullptr || entries->empty()) return {};
  const ThreadOrder* const order = entries->find(number_);
  if (order == nullptr) return {};
  return {.shared = order->has(Lane::shared), .large = order->has(Lane::large)};
}

std::shared_ptr<ThreadOrder> ProgramOrder::of_this_thread() {
  Entries& entries = Entries::make();
  if (const ThreadOrder* const order = entries.find(number_)) return entries.shared(order);
  auto fresh = std::make_shared<ThreadOrder>(signal_);
  entries.add({number_, fresh});
  return fresh;
}

std::pair<OrderTicket, Lane> ProgramOrder::next(bool large) {
  std::shared_ptr<ThreadOrder> order = of_this_thread();
  const Lane lane = large || order->has(Lane::large) ? Lane::large : Lane::shared;
  return {OrderTicket(std::move(order), lane), lane};
}

OrderTicket ProgramOrder::ticket_in(Lane lane) { return {of_this_thread(), lane}; }

void ProgramOrder::on_turn(std::function<void()> call) {
  const core::MutexLock lock(signal_->mutex);
  signal_->call = std::move(call);
}

void ProgramOrder::Signal::raise() noexcept {
  const core::MutexLock lock(mutex);
  if (call) call();
}

}  // namespace cachekit::net
