// Batches, with allocations failing in turn: as long as there is no memory, no key gets the value
// of another one, then or later.

#include "rig.hpp"
#include "support/catch.hpp"

using namespace cachekit;
using namespace cachekit::test;

namespace {

// So many keys, and values that name them and the round in which they were written.
class Table {
 public:
  explicit Table(std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) keys_.push_back("key of the batch " + std::to_string(i));
    views_.assign(keys_.begin(), keys_.end());
    begin_round();
  }

  void begin_round() {
    before_ = values_;
    ++round_;
    values_.clear();
    for (const std::string& key : keys_) {
      values_.push_back("value of " + key + " in round " + std::to_string(round_));
    }
    items_.clear();
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      items_.push_back({.key = keys_[i], .value = values_[i]});
    }
  }
  /// What is really there is what the next round begins with.
  void accept(std::size_t i, const std::optional<std::string>& seen) { values_[i] = seen.value(); }

  [[nodiscard]] const std::vector<std::string_view>& keys() const { return views_; }
  [[nodiscard]] const std::vector<SetItem>& items() const { return items_; }
  [[nodiscard]] const std::string& value(std::size_t i) const { return values_[i]; }
  [[nodiscard]] const std::string& before(std::size_t i) const { return before_[i]; }

 private:
  std::vector<std::string> keys_;
  std::vector<std::string_view> views_;
  std::vector<std::string> values_{};
  std::vector<std::string> before_{};
  std::vector<SetItem> items_{};
  int round_ = 0;
};

void store(Rig& rig, const Table& table) {
  for (const auto& outcome : rig.truth().set_many(table.items())) CHECK(must(outcome));
}

// Distinct failures are few, keys are many.
struct Counts {
  int right = 0;
  int wrong = 0;
  std::string first_wrong{};

  void see(bool fits, std::string_view key, const std::optional<std::string>& seen) {
    ++(fits ? right : wrong);
    if (!fits && first_wrong.empty()) {
      first_wrong = std::string(key) + " => " + seen.value_or("a miss");
    }
  }
};

void check_values(const std::vector<Result<std::optional<std::string>>>& outcomes,
                  const Table& table) {
  REQUIRE(outcomes.size() == table.keys().size());
  Counts counts;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i]) counts.see(*outcomes[i] == table.value(i), table.keys()[i], *outcomes[i]);
    if (!outcomes[i]) static_cast<void>(checked_code(outcomes[i]));
  }
  CHECK(counts.first_wrong == "");
  CHECK(counts.wrong == 0);
}

void check_stored(Rig& rig, const std::vector<Result<bool>>& outcomes, Table& table) {
  REQUIRE(outcomes.size() == table.keys().size());
  const auto seen = rig.truth().get_many(table.keys());
  Counts counts;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const auto value = must(seen[i]);
    const std::string code = outcomes[i] ? "no error" : checked_code(outcomes[i]);
    const bool done = value == table.value(i);
    const bool undone = value == table.before(i);
    const bool fits = code == "no error" ? done : undone || (code == "outcome_unknown" && done);
    counts.see(fits, std::string(table.keys()[i]) + " (" + code + ")", value);
    table.accept(i, value);
  }
  CHECK(counts.first_wrong == "");
  CHECK(counts.wrong == 0);
}

}  // namespace

TEST_CASE("a get_many for which there is no memory gives each key its own value or an error",
          "[allocations]") {
  CACHEKIT_FOR_ALL_SHORTAGES(kind, scope);
  const std::size_t size = GENERATE(std::size_t{10}, std::size_t{600});
  Rig rig(kind);
  const Table table(size);
  store(rig, table);
  with_each_failure(
      "get_many", scope, [] {}, [&] { return rig.cache().get_many(table.keys()); },
      [&](const std::vector<Result<std::optional<std::string>>>& outcomes) {
        check_values(outcomes, table);
        check_values(rig.cache().get_many(table.keys()), table);
        rig.check_neighbours();
      });
}

TEST_CASE("a set_many for which there is no memory tells of each key whether it was stored",
          "[allocations]") {
  CACHEKIT_FOR_ALL_SHORTAGES(kind, scope);
  const std::size_t size = GENERATE(std::size_t{10}, std::size_t{600});
  Rig rig(kind);
  Table table(size);
  store(rig, table);
  with_each_failure(
      "set_many", scope, [&] { table.begin_round(); },
      [&] { return rig.cache().set_many(table.items()); },
      [&](const std::vector<Result<bool>>& outcomes) {
        rig.check_neighbours();
        check_stored(rig, outcomes, table);
      });
}

TEST_CASE("a batch of counters for which there is no memory counts each once, or gives an error",
          "[allocations]") {
  CACHEKIT_FOR_ALL_SHORTAGES(kind, scope);
  Rig rig(kind);
  std::vector<std::string> keys;
  for (int i = 0; i < 5; ++i) keys.push_back("a counter of the batch " + std::to_string(i));
  std::vector<operation::Increment> increments;
  for (const std::string& key : keys) increments.push_back({key});
  with_each_failure(
      "a batch of counters", scope,
      [&] {
        for (const std::string& key : keys) must(rig.truth().set(key, "7"));
      },
      [&]() -> std::vector<Result<std::int64_t>> {
        try {
          return rig.cache().run_many<operation::Increment>(increments, {.timeout = patience});
        } catch (const std::bad_alloc&) {  // As it may, for want of room for the outcomes.
          const Result<std::int64_t> refused = fail(Errc::overloaded, "out of memory");
          return std::vector<Result<std::int64_t>>(keys.size(), refused);
        }
      },
      [&](const std::vector<Result<std::int64_t>>& sums) {
        REQUIRE(sums.size() == keys.size());
        for (std::size_t i = 0; i < keys.size(); ++i) {
          const std::string code = checked_code(sums[i]);
          if (sums[i]) CHECK(*sums[i] == 8);
          check_written(code, must(rig.truth().get(keys[i])), "7", "8");
        }
        rig.check_neighbours();
      });
}
