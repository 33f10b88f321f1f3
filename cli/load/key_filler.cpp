#include "load/key_filler.hpp"

#include "load/cleanup.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

constexpr std::uint64_t batch_keys = 500;
constexpr std::size_t batch_bytes = std::size_t{4} << 20U;
// A batch is many operations; one of 4 MiB may take longer than the budget of one.
constexpr auto batch_budget = std::chrono::seconds(10);

// One batch's keys and values, kept from batch to batch so that their memory is.
class Batch {
 public:
  explicit Batch(const BenchShared& shared)
      : shared_(shared),
        random_(shared.options.seed),
        stamp_(shared.keys.run()),
        size_(std::clamp<std::uint64_t>(
            batch_bytes / std::max<std::size_t>(1, shared.options.value_size.most), 1, batch_keys)),
        keys_(size_),
        values_(size_) {}

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

  // Says whether any of them may be there now.
  Result<void> store(std::uint64_t first, std::uint64_t count, bool& any_stored) {
    std::vector<SetItem> items;
    for (std::uint64_t i = 0; i < count; ++i) items.push_back(item(first + i, i));
    std::vector<Result<bool>> outcomes =
        shared_.backend.set_many(items, {SetCondition::always, batch_budget});
    any_stored = std::ranges::any_of(outcomes, [](const Result<bool>& outcome) {
      return outcome || outcome.error().code == Errc::outcome_unknown;
    });
    return first_error(std::move(outcomes));
  }

  Result<void> remove(std::uint64_t first, std::uint64_t count, std::chrono::milliseconds budget) {
    if (keys_.size() < count) keys_.resize(count);
    std::vector<std::string_view> keys;
    for (std::uint64_t i = 0; i < count; ++i) keys.push_back(shared_.keys.key(first + i, keys_[i]));
    return first_error(shared_.backend.remove_many(keys, {budget}));
  }

 private:
  SetItem item(std::uint64_t number, std::uint64_t slot) {
    const SizeRange& sizes = shared_.options.value_size;
    const std::size_t size = sizes.least + random_.below(sizes.most - sizes.least + 1);
    if (shared_.options.verify) {
      stamp_.write(values_[slot], size, number, 0);
    } else {
      values_[slot].resize(sizes.most, 'x');
    }
    return {shared_.keys.key(number, keys_[slot]), std::string_view(values_[slot]).substr(0, size),
            shared_.ttl};
  }

  static Result<void> first_error(std::vector<Result<bool>> outcomes) {
    for (Result<bool>& outcome : outcomes) {
      if (!outcome) return fail(std::move(outcome.error()));
    }
    return {};
  }

  const BenchShared& shared_;
  Random random_;
  ValueStamp stamp_;
  std::uint64_t size_;
  std::vector<std::string> keys_;
  std::vector<std::string> values_;
};

}  // namespace

Result<void> fill_keys(const BenchShared& shared, std::uint64_t& written,
                       const std::function<void(double part)>& progress) {
  const std::uint64_t all = shared.options.keys;
  Batch batch(shared);
  while (written < all && !shared.interrupted()) {
    const std::uint64_t first = written;
    const std::uint64_t count = std::min(batch.size(), all - first);
    written += count;
    bool any_stored = false;
    if (Result<void> stored = batch.store(first, count, any_stored); !stored) {
      if (!any_stored) written = first;
      return stored;
    }
    progress(static_cast<double>(written) / static_cast<double>(all));
  }
  return {};
}

Result<void> remove_keys(const BenchShared& shared, std::uint64_t written) {
  if (written == 0) return {};
  Batch batch(shared);
  Cleanup cleanup(shared.interrupted);
  cleanup.look_at(shared.backend);
  for (std::uint64_t done = 0; done < written;) {
    if (cleanup.is_over()) {
      Error why = cleanup.why_over();
      why.message += fmt::format(", with {} of {} keys yet to be removed", written - done, written);
      return fail(std::move(why));
    }
    const std::uint64_t count =
        std::min(cleanup.keys_at_once(batch.size(), written - done), written - done);
    cleanup.run([&](auto budget) { return batch.remove(done, count, budget); }, batch_budget);
    done += count;
  }
  return cleanup.outcome();
}

}  // namespace cachekit::cli
