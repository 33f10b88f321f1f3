#include "memory/entry_queue.hpp"

#include "entries.hpp"
#include "support/catch.hpp"

#include <deque>
#include <random>
#include <string>
#include <vector>

using namespace cachekit::memory;

namespace {

// A queue, and beside it the order that it should have.
class Queued {
 public:
  void push_back(std::uint32_t stamp) {
    owned_.push_back(make_entry({"k", 0}, "v", no_expiry));
    queue.reserve();
    queue.push_back(*owned_.back(), stamp);
    expected.push_back(owned_.back().get());
    stamps_.push_back(stamp);
  }
  void remove(std::size_t position) {
    queue.remove(*expected[position]);
    expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(position));
    stamps_.erase(stamps_.begin() + static_cast<std::ptrdiff_t>(position));
  }
  void replace(std::size_t position) {
    owned_.push_back(make_entry({"k", 0}, "w", no_expiry));
    queue.replace(*expected[position], *owned_.back());
    expected[position] = owned_.back().get();
  }
  [[nodiscard]] bool as_expected() const {
    std::vector<const Entry*> order;
    queue.for_each([&](const Entry& entry) { order.push_back(&entry); });
    if (expected.empty()) return order.empty() && queue.front() == nullptr;
    return queue.consistent() &&
           std::equal(order.begin(), order.end(), expected.begin(), expected.end()) &&
           queue.front() == expected.front() && queue.front_stamp() == stamps_.front();
  }

  EntryQueue queue{};
  std::deque<Entry*> expected{};

 private:
  std::deque<std::uint32_t> stamps_;
  std::vector<EntryPtr> owned_;
};

}  // namespace

TEST_CASE("a queue keeps its order and its stamps, wherever entries leave", "[memory][queue]") {
  Queued t;
  std::mt19937 random(7);
  int wrong = 0;
  for (std::uint32_t step = 0; step < 6000; ++step) {
    const auto dice = random() % 10;
    if (dice < 5 || t.expected.empty()) {
      t.push_back(step);
    } else if (dice < 7) {
      t.remove(0);
    } else if (dice < 9) {
      t.remove(random() % t.expected.size());
    } else {
      t.replace(random() % t.expected.size());
    }
    if (step % 50 == 0) wrong += t.as_expected() ? 0 : 1;
  }
  while (!t.expected.empty()) t.remove(t.expected.size() / 2);
  CHECK(wrong == 0);
  CHECK(t.as_expected());
  CHECK(t.queue.empty());
}

TEST_CASE("gaps in the middle of a queue give their memory back", "[memory][queue]") {
  Queued t;
  for (std::uint32_t i = 0; i < 6400; ++i) t.push_back(i);
  const std::size_t full = t.queue.bytes();
  for (std::size_t i = 0; t.expected.size() > 640;) {  // Nine of ten, evenly.
    for (int gap = 0; gap < 9; ++gap) t.remove(i);
    ++i;
  }
  CHECK(t.as_expected());
  CHECK(t.queue.bytes() * 2 < full);
}
