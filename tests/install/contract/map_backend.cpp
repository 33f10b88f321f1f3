// A backend that keeps its entries in a std::map, and the specification run over it.

#include <cachekit/contract.hpp>
#include <cachekit/driver_tools.hpp>

#include <chrono>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

using namespace cachekit;

class MapDriver final : public Driver {
 public:
  std::string_view name() const noexcept override { return "map"; }
  Tier tier() const noexcept override { return Tier::in_process; }
  std::string target() const override { return "map:"; }
  Capabilities capabilities() const override {
    return {.scan = true,
            .remove_matching = true,
            .remaining_ttl = true,
            .binary_keys = true,
            .negative_counters = true,
            .compare_and_set = true,
            .max_key_bytes = 1024,
            .max_value_bytes = 1'000'000};
  }
  void run(const AnyBatch& batch, Deadline) override {
    const std::lock_guard lock(mutex_);
    run_each(batch, [this](const auto& operation) { return answer(operation); });
  }
  Result<void> clear(Deadline) override {
    const std::lock_guard lock(mutex_);
    entries_.clear();
    return {};
  }

 private:
  using Clock = std::chrono::steady_clock;
  struct Entry {
    std::string value;
    Clock::time_point end;
  };

  static Clock::time_point end_of(Ttl ttl) {
    return ttl.expires() ? Clock::now() + ttl.duration() : Clock::time_point::max();
  }
  Entry* find(std::string_view key) {
    const auto found = entries_.find(key);
    const bool alive = found != entries_.end() && found->second.end > Clock::now();
    return alive ? &found->second : nullptr;
  }
  bool remove(std::string_view key) {
    return find(key) != nullptr && entries_.erase(std::string(key)) > 0;
  }

  std::optional<std::string> answer(const operation::Get& get) {
    const Entry* entry = find(get.key);
    return entry != nullptr ? std::optional(entry->value) : std::nullopt;
  }
  bool answer(const operation::Set& set) {
    using enum SetCondition;
    if (set.discard) return remove(set.key);
    if (set.condition != always && (find(set.key) != nullptr) != (set.condition == if_present)) {
      return false;
    }
    entries_[std::string(set.key)] = {std::string(set.value), end_of(set.ttl)};
    return true;
  }
  bool answer(const operation::Remove& operation) { return remove(operation.key); }
  bool answer(const operation::Exists& exists) { return find(exists.key) != nullptr; }
  std::optional<Ttl> answer(const operation::RemainingTtl& ttl) {
    const Entry* entry = find(ttl.key);
    if (entry == nullptr) return std::nullopt;
    if (entry->end == Clock::time_point::max()) return Ttl::none();
    const auto left = entry->end - Clock::now();  // It may have run out just now.
    return left > left.zero() ? std::optional(Ttl(left)) : std::nullopt;
  }
  bool answer(const operation::Touch& touch) {
    Entry* entry = find(touch.key);
    if (entry != nullptr) entry->end = end_of(touch.ttl);
    return entry != nullptr;
  }
  Result<std::int64_t> answer(const operation::Increment& increment) {
    const Entry* entry = find(increment.key);
    auto sum = counter_sum(answer(operation::Get{increment.key}), increment.by);
    const auto end = entry != nullptr ? entry->end : end_of(Ttl::none());
    if (sum) entries_[std::string(increment.key)] = {std::to_string(*sum), end};
    return sum;
  }
  bool answer(const operation::CompareAndSet& one) {
    if (answer(operation::Get{one.key}) != one.expected) return false;
    return answer(
        operation::Set{.key = one.key, .value = one.value, .ttl = one.ttl, .discard = one.discard});
  }
  KeyPage answer(const operation::ScanPage& scan) {
    KeyPage page;  // A cursor is the last key that was looked at; no key is empty.
    auto entry = entries_.upper_bound(scan.cursor);
    for (std::size_t seen = 0; seen < scan.page_size && entry != entries_.end(); ++seen, ++entry) {
      const bool alive = entry->second.end > Clock::now();
      if (alive && glob_match(scan.pattern, entry->first)) page.keys.push_back(entry->first);
    }
    if (entry != entries_.end()) page.next = std::prev(entry)->first;
    return page;
  }
  template <operation::OfLeases Operation>
  Result<typename Operation::Value> answer(const Operation&) {
    return fail(Errc::unsupported, "a map has no leases");
  }

  std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
};

std::vector<contract::Candidate> contract::candidates() {
  return {{.name = "map",
           .make = [] { return std::make_unique<CacheBackend>(std::make_unique<MapDriver>()); }}};
}
