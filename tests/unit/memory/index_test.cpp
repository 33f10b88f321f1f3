#include "memory/index.hpp"

#include "entries.hpp"
#include "memory/keyed_hash.hpp"
#include "support/catch.hpp"

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

using namespace cachekit::memory;

namespace {

// Entries by key, and an index of them.
class Indexed {
 public:
  explicit Indexed(std::uint32_t hash_mask = UINT32_MAX) : hash_mask_(hash_mask) {}

  void insert(const std::string& key) {
    EntryPtr entry = make_entry({key, hash_of(key)}, "v", no_expiry);
    index.insert(*entry);
    entries[key] = std::move(entry);
  }
  void erase(const std::string& key) {
    index.erase(*entries.at(key));
    entries.erase(key);
  }
  [[nodiscard]] bool has(const std::string& key) const {
    const auto found = entries.find(key);
    const Entry* const entry = index.find(hash_of(key), key);
    return entry == (found == entries.end() ? nullptr : found->second.get());
  }
  [[nodiscard]] std::uint32_t hash_of(const std::string& key) const {
    return static_cast<std::uint32_t>(keyed_hash({.first = 1, .second = 2}, key)) & hash_mask_;
  }

  Index index{};
  std::map<std::string, EntryPtr> entries{};

 private:
  std::uint32_t hash_mask_;
};

std::string key_of(std::size_t number) { return "key" + std::to_string(number); }

}  // namespace

TEST_CASE("an index finds what was inserted, through growth, removal and shrinking",
          "[memory][index]") {
  Indexed t;
  std::mt19937 random(1);
  int wrong = 0;
  for (unsigned step = 0; step < 40'000; ++step) {
    // Grows at first, then shrinks.
    const std::string key = key_of(random() % 5000);
    const bool insert = random() % 100 < (step < 20'000 ? 70U : 30U);
    if (insert && !t.entries.contains(key)) t.insert(key);
    if (!insert && t.entries.contains(key)) t.erase(key);
    if (step % 1000 == 0) t.index.shrink();
    wrong += t.has(key) ? 0 : 1;
    if (step % 1000 == 0) REQUIRE(t.index.consistent());
  }
  for (unsigned i = 0; i < 5000; ++i) wrong += t.has(key_of(i)) ? 0 : 1;
  CHECK(wrong == 0);
  CHECK(t.index.count() == t.entries.size());
}

TEST_CASE("an index keeps keys apart whose hashes are the same", "[memory][index]") {
  Indexed t(0xF0000000U);  // Sixteen different hashes in all.
  for (unsigned i = 0; i < 400; ++i) t.insert(key_of(i));
  int wrong = 0;
  for (unsigned i = 0; i < 800; ++i) wrong += t.has(key_of(i)) ? 0 : 1;
  for (unsigned i = 0; i < 400; i += 2) t.erase(key_of(i));
  for (unsigned i = 0; i < 800; ++i) wrong += t.has(key_of(i)) ? 0 : 1;
  CHECK(wrong == 0);
  CHECK(t.index.consistent());
}

TEST_CASE("an entry takes another's place in the index", "[memory][index]") {
  Indexed t;
  for (unsigned i = 0; i < 100; ++i) t.insert(key_of(i));
  EntryPtr fresh = make_entry({key_of(7), t.hash_of(key_of(7))}, "new", no_expiry);
  t.index.replace(*t.entries.at(key_of(7)), *fresh);
  t.entries[key_of(7)] = std::move(fresh);
  CHECK(t.has(key_of(7)));
  CHECK(t.index.consistent());
}

TEST_CASE("a walk sees every entry that stays, while others come and go and the table changes size",
          "[memory][index]") {
  const std::size_t limit = GENERATE(std::size_t{1}, std::size_t{7}, std::size_t{64});
  Indexed t;
  for (unsigned i = 0; i < 300; ++i) t.insert("stays" + std::to_string(i));
  std::set<std::string> seen;
  unsigned next = 0;
  std::size_t rounds = 0;
  for (std::uint64_t from = Index::walk_start; from < Index::walk_end; ++rounds) {
    REQUIRE(rounds < 20'000);
    from = t.index.walk(from, limit, [&](const Entry& entry) { seen.emplace(entry.key()); });
    for (int i = 0; i < 3 && next < 2000; ++i) t.insert(key_of(next++));
    if (next == 1500) {
      for (unsigned i = 0; i < 1500; ++i) t.erase(key_of(i));
      t.index.shrink();
    }
  }
  int missed = 0;
  for (unsigned i = 0; i < 300; ++i) missed += seen.contains("stays" + std::to_string(i)) ? 0 : 1;
  CHECK(missed == 0);
}

TEST_CASE("eight bytes a slot, of which at least seven in ten are taken", "[memory][index]") {
  Indexed t;
  for (unsigned i = 0; i < 10'000; ++i) t.insert(key_of(i));
  CHECK(t.index.bytes() < 10'000 * 12);
}
