#include "commands/matching_keys.hpp"

#include "interrupt.hpp"
#include "transfer/halving.hpp"
#include "transfer/rate_limiter.hpp"

#include <cachekit/runtime.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace cachekit::cli {
namespace {

using clock = SteadyClock;

constexpr std::size_t largest_page = 500;
// A server that refuses so many and takes none, such as a replica, refuses all.
constexpr std::size_t most_refused = 1000;

class PagedRemoval {
 public:
  PagedRemoval(CacheBackend& backend, double keys_per_second, std::chrono::milliseconds budget)
      : backend_(backend), budget_(budget) {
    if (keys_per_second <= 0) return;
    limiter_.emplace(keys_per_second, clock::now());
    page_size_ = std::min(limiter_->burst(), largest_page);
  }

  /// False when it is over.
  bool add(std::string_view key) {
    page_.emplace_back(key);
    return page_.size() < page_size_ || remove_page();
  }

  bool remove_page() {
    wait_for_turn();
    if (interrupted()) return false;
    // A key of which it is not known whether it went, and that is gone then, went.
    std::vector<bool> in_doubt(page_.size());
    const auto remove = [&](Halving<bool>::Indices which) {
      std::vector<std::string_view> keys;
      for (const std::size_t i : which) keys.emplace_back(page_[i]);
      std::vector<Result<bool>> outcomes = backend_.remove_many(keys);
      for (std::size_t i = 0; i < which.size(); ++i) {
        Result<bool>& outcome = outcomes[i];
        if (outcome && in_doubt[which[i]]) outcome = true;
        in_doubt[which[i]] = !outcome && outcome.error().code == Errc::outcome_unknown;
      }
      return outcomes;
    };
    const std::vector<Result<bool>> outcomes =
        Halving<bool>(backend_, remove, budget_, interrupted).run(page_.size());
    for (std::size_t i = 0; i < page_.size(); ++i) count(page_[i], outcomes[i]);
    page_.clear();
    return !done_.error;
  }

  [[nodiscard]] Removal finish(Result<void> scanned) {
    if (!scanned && !done_.error) done_.error = std::move(scanned).error();
    if (!done_.error && !page_.empty()) remove_page();
    return done_;
  }

 private:
  void count(std::string_view key, const Result<bool>& outcome) {
    if (outcome) {
      if (*outcome) ++done_.removed;
      refused_in_a_row_ = 0;
    } else if (blames_item(outcome.error()) && ++refused_in_a_row_ <= most_refused) {
      // A scan may show a key twice.
      if (left_out_.emplace(key).second) done_.left_out.add(key, outcome.error());
    } else {
      if (outcome.error().code == Errc::outcome_unknown) ++done_.unknown;
      done_.error = outcome.error();
    }
  }

  void wait_for_turn() {
    if (!limiter_) return;
    const auto until = clock::now() + limiter_->take(page_.size(), clock::now());
    while (clock::now() < until && !interrupted()) {
      Runtime::current().sleep_until(std::min(until, clock::now() + std::chrono::milliseconds(50)));
    }
  }

  CacheBackend& backend_;
  const std::chrono::milliseconds budget_;
  std::optional<RateLimiter> limiter_;
  std::size_t page_size_ = largest_page;
  std::vector<std::string> page_;
  std::unordered_set<std::string> left_out_;
  std::size_t refused_in_a_row_ = 0;
  Removal done_;
};

}  // namespace

Removal remove_matching(CacheBackend& backend, const std::string& pattern, double keys_per_second,
                        std::chrono::milliseconds budget) {
  PagedRemoval removal(backend, keys_per_second, budget);
  return removal.finish(backend.scan({.pattern = pattern}, [&](std::string_view key) {
    return !interrupted() && removal.add(key);
  }));
}

Result<std::uint64_t> count_matching(CacheBackend& backend, const std::string& pattern) {
  // A scan may show a key twice; hashes of what was seen are enough to tell.
  std::unordered_set<std::size_t> seen;
  const auto visit = [&](std::string_view key) {
    seen.insert(std::hash<std::string_view>{}(key));
    return !interrupted();
  };
  return backend.scan({.pattern = pattern}, visit).map([&] { return std::uint64_t{seen.size()}; });
}

}  // namespace cachekit::cli
