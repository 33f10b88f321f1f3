#include "load/key_filler.hpp"

#include "load/cleanup.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

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

  std::vector<Result<bool>> store(std::uint64_t first, std::uint64_t count) {
    std::vector<SetItem> items;
    for (std::uint64_t i = 0; i < count; ++i) items.push_back(item(first + i, i));
    return shared_.backend.set_many(items, {SetCondition::always, batch_budget});
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
    const std::vector<Result<bool>> outcomes = batch.store(first, count);
    const auto failed = std::ranges::find(outcomes, false, &Result<bool>::has_value);
    if (failed != outcomes.end()) {
      if (std::ranges::none_of(outcomes, may_have_stored)) written = first;
      return fail(failed->error());
    }
    progress(static_cast<double>(written) / static_cast<double>(all));
  }
  return {};
}

Result<void> remove_keys(const BenchShared& shared, std::uint64_t written) {
  if (written == 0) return {};
  std::uint64_t number = 0;
  return Cleanup(shared.backend, shared.interrupted)
      .remove_all(written, "with {} of {} keys yet to be removed", [&](std::uint64_t most) {
        std::vector<std::string> keys(most);
        for (std::string& key : keys) shared.keys.key(number++, key);
        return Result<std::vector<std::string>>(std::move(keys));
      });
}

}  // namespace cachekit::cli
