#include "fixture.hpp"
#include "memory/entry.hpp"

#include <chrono>
#include <cstdlib>
#include <iterator>
#include <list>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <unordered_map>
#include <utility>

using namespace cachekit;
using namespace std::chrono_literals;

namespace {

// How many operations a test does; `make soak` does ten million.
int operations() {
  const char* const asked = std::getenv("CACHEKIT_MODEL_OPERATIONS");
  return asked == nullptr ? 200'000 : std::atoi(asked);
}

// The cache as one would write it without caring for memory: the oldest entry stands first.
class Model {
 public:
  explicit Model(std::size_t capacity) : capacity_(capacity) {}

  void advance(std::chrono::milliseconds by) {
    now_ += by;
    for (auto item = entries_.begin(); item != entries_.end();) {
      const auto next = std::next(item);
      if (item->expires_at <= now_) erase(item);
      item = next;
    }
  }

  std::optional<std::string> get(const std::string& key) {
    const auto found = find(key);
    if (found == entries_.end()) return std::nullopt;
    use(found);
    return found->value;
  }
  bool exists(const std::string& key) { return find(key) != entries_.end(); }
  std::optional<Ttl> ttl(const std::string& key) {
    const auto found = find(key);
    if (found == entries_.end()) return std::nullopt;
    if (found->expires_at == never) return Ttl::none();
    return Ttl(found->expires_at - now_);
  }
  bool touch(const std::string& key, Ttl ttl) {
    const auto found = find(key);
    if (found == entries_.end()) return false;
    if (ttl.expires() && !found->has_expiry) {  // It grows by one.
      store({key, found->value, expiry(ttl)});
      return true;
    }
    found->expires_at = expiry(ttl);
    use(found);
    return true;
  }
  bool set(const std::string& key, const std::string& value, Ttl ttl, SetCondition condition) {
    const auto found = find(key);
    const bool present = found != entries_.end();
    if (condition == SetCondition::if_absent && present) return false;
    if (condition == SetCondition::if_present && !present) return false;
    store({key, value, expiry(ttl)});
    return true;
  }
  bool remove(const std::string& key) {
    const auto found = find(key);
    if (found == entries_.end()) return false;
    erase(found);
    return true;
  }
  // Only ever asked for keys whose values are small numbers.
  std::int64_t increment(const std::string& key, std::int64_t by) {
    const auto found = find(key);
    const std::int64_t sum = (found == entries_.end() ? 0 : std::stoll(found->value)) + by;
    store({key, std::to_string(sum), found == entries_.end() ? never : found->expires_at});
    return sum;
  }

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::size_t evictions() const { return evictions_; }

 private:
  static constexpr auto never = std::chrono::milliseconds::max();
  struct Item {
    std::string key;
    std::string value;
    std::chrono::milliseconds expires_at;
    bool has_expiry = expires_at != never;
    [[nodiscard]] std::size_t charge() const {
      return memory::entry_charge(key.size(), value.size(), has_expiry);
    }
  };

  std::list<Item>::iterator find(const std::string& key) {
    const auto found = by_key_.find(key);
    return found == by_key_.end() ? entries_.end() : found->second;
  }
  void erase(std::list<Item>::iterator item) {
    bytes_ -= item->charge();
    by_key_.erase(item->key);
    entries_.erase(item);
  }
  void use(std::list<Item>::iterator item) { entries_.splice(entries_.end(), entries_, item); }
  std::chrono::milliseconds expiry(Ttl ttl) const {
    return ttl.expires() ? now_ + ttl.duration() : never;
  }
  void store(Item item) {
    if (const auto old = find(item.key); old != entries_.end()) erase(old);
    bytes_ += item.charge();
    entries_.push_back(std::move(item));
    by_key_[entries_.back().key] = std::prev(entries_.end());
    for (; bytes_ > capacity_; ++evictions_) erase(entries_.begin());
  }

  std::size_t capacity_;
  std::chrono::milliseconds now_{0};
  std::list<Item> entries_;
  std::unordered_map<std::string, std::list<Item>::iterator> by_key_;
  std::size_t bytes_ = 0;
  std::size_t evictions_ = 0;
};

class Pair {
 public:
  Pair(std::size_t capacity, unsigned seed)
      : model_(capacity),
        real_({.capacity = {capacity}, .policy = EvictionPolicy::lru, .shards = 1}),
        random_(seed) {}

  // One random operation on both; false when they disagree.
  bool step() {
    const std::string key = "k" + std::to_string(below(200));
    const std::string counter = "n" + std::to_string(below(20));
    switch (below(10)) {
      case 0:
      case 1:
      case 2:
        return real_.cache.get(key).value() == model_.get(key);
      case 3:
      case 4:
        return set(key);
      case 5:
        return real_.cache.remove(key).value() == model_.remove(key);
      case 6:
        return real_.cache.exists(key).value() == model_.exists(key) &&
               real_.cache.ttl(key).value() == model_.ttl(key);
      case 7: {
        const Ttl ttl = random_ttl();
        return real_.cache.touch(key, ttl).value() == model_.touch(key, ttl);
      }
      case 8: {
        const auto by = static_cast<std::int64_t>(below(2000)) - 1000;
        return real_.cache.increment(counter, by).value() == model_.increment(counter, by);
      }
      default:
        return advance();
    }
  }

  bool same_counts() {
    const NodeStats stats = real_.stats();
    return stats.items == model_.size() && stats.evictions == model_.evictions() &&
           real_.cache.validate();
  }

 private:
  unsigned below(unsigned bound) { return static_cast<unsigned>(random_() % bound); }
  Ttl random_ttl() {
    return below(3) == 0 ? Ttl::none() : Ttl(std::chrono::milliseconds(1 + below(400)));
  }
  bool set(const std::string& key) {
    const std::string value(below(300), static_cast<char>('a' + below(26)));
    const Ttl ttl = random_ttl();
    const auto condition = static_cast<SetCondition>(below(3));
    return real_.cache.set(key, value, {.ttl = ttl, .condition = condition}).value() ==
           model_.set(key, value, ttl, condition);
  }
  bool advance() {
    const std::chrono::milliseconds by(below(20));
    real_.runtime.advance(by);
    model_.advance(by);
    return true;
  }

  Model model_;
  CheckedCache real_;
  std::mt19937 random_;
};

}  // namespace

TEST_CASE("the cache agrees with a simple model over random operations", "[memory][model]") {
  // Room for everything, and room for about a quarter of it.
  for (const std::size_t capacity : {std::size_t{1} << 20U, std::size_t{12'000}}) {
    Pair pair(capacity, 20'240'607);
    int disagreements = 0;
    for (int i = 0; i < operations() / 2; ++i) {
      if (!pair.step()) ++disagreements;
      if (i % 1000 == 0 && !pair.same_counts()) ++disagreements;
    }
    CHECK(disagreements == 0);
    CHECK(pair.same_counts());
  }
}

TEST_CASE(
    "whatever the policy evicts, a look-up gives the last value or none, never an expired one",
    "[memory][model]") {
  const auto policy = GENERATE(EvictionPolicy::adaptive, EvictionPolicy::fifo);
  CheckedCache t({.capacity = {20'000}, .policy = policy, .shards = 2});
  std::map<std::string, std::pair<std::string, std::chrono::milliseconds>> last;
  std::mt19937 random(11);
  std::chrono::milliseconds now{0};
  int wrong = 0;
  int hits = 0;
  for (int i = 0; i < operations() / 2; ++i) {
    const std::string key = "k" + std::to_string(random() % 300 * (random() % 4));
    const auto dice = random() % 20;
    if (dice < 6) {
      const std::string value(random() % 200, static_cast<char>('a' + random() % 26));
      const bool expires = random() % 2 == 0;
      const std::chrono::milliseconds ttl(1 + random() % 300);
      t.set(key, value, expires ? Ttl(ttl) : Ttl::none());
      last[key] = {value, expires ? now + ttl : std::chrono::milliseconds::max()};
    } else if (dice == 6) {
      static_cast<void>(t.cache.remove(key));
      last.erase(key);
    } else if (dice == 7) {
      const std::chrono::milliseconds by(random() % 10);
      t.runtime.advance(by);
      now += by;
    } else if (dice == 8 && random() % 50 == 0) {
      REQUIRE(t.cache.resize({10'000 + random() % 20'000}));
    } else if (const auto found = t.get(key)) {
      ++hits;
      const auto known = last.find(key);
      const bool right =
          known != last.end() && known->second.first == *found && known->second.second > now;
      wrong += right ? 0 : 1;
    }
    if (i % 5000 == 0 && !t.cache.validate()) ++wrong;
  }
  CHECK(wrong == 0);
  CHECK(hits > operations() / 20);
}
