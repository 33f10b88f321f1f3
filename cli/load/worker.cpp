#include "load/worker.hpp"

#include "load/cleanup.hpp"

#include <functional>
#include <memory>

namespace cachekit::cli {
namespace {

constexpr std::uint64_t progress_every = 65'536;

std::uint64_t share_of(const BenchOptions& options, std::size_t index) {
  const std::uint64_t all = options.requests.value_or(0);
  return all / options.threads + (index < all % options.threads ? 1 : 0);
}

}  // namespace

BenchWorker::BenchWorker(const BenchShared& shared, std::size_t index)
    : shared_(shared),
      random_(Random(shared.options.seed ^ (index + 1) * 0xD1342543DE82EF95U).next()),
      picker_(shared.options.distribution, shared.options.keys,
              shared.options.keys / shared.options.threads * index),
      stamp_(shared.keys.run()),
      share_(share_of(shared.options, index)),
      sequence_(static_cast<std::uint64_t>(index + 1) << 40U),
      value_buffer_(shared.options.value_size.most, 'x'),
      tally_(std::make_unique<WorkerTally>()) {}

void BenchWorker::warm_up() {
  const auto until = steady::now() + shared_.options.warmup;
  const auto ignored = std::make_unique<SliceTally>();
  while (steady::now() < until && !shared_.interrupted()) step(*ignored);
  tally_ = std::make_unique<WorkerTally>();
}

void BenchWorker::measure(steady::time_point start) {
  steady::time_point now = steady::now();
  for (std::size_t i = 0; i < bench_slices; ++i) {
    SliceTally& slice = tally_->slices[i];
    slice.begin = now - start;
    while (!slice_is_over(i, start, now) && !shared_.interrupted()) {
      now = step(slice);
      ++done_;
    }
    slice.end = now - start;
  }
}

bool BenchWorker::slice_is_over(std::size_t slice, steady::time_point start,
                                steady::time_point now) const {
  if (shared_.options.requests) return done_ >= share_ * (slice + 1) / bench_slices;
  return now - start >= std::chrono::nanoseconds(shared_.options.duration) *
                            static_cast<std::int64_t>(slice + 1) / bench_slices;
}

BenchWorker::steady::time_point BenchWorker::step(SliceTally& slice) {
  const Ratio& ratio = shared_.options.ratio;
  const std::uint64_t key = picker_.next(random_);
  const bool is_get = random_.below(std::uint64_t{ratio.gets} + ratio.sets) < ratio.gets;
  const std::string_view name = shared_.keys.key(key, key_buffer_);
  if (is_get) {
    get(name, key, slice);
  } else {
    set(name, key, slice);
  }
  return last_;
}

Result<void> BenchWorker::replay(TraceReader& trace, std::uint64_t count, steady::time_point start,
                                 const BenchProgress& progress) {
  std::string key;
  last_ = start;
  for (std::size_t i = 0; i < bench_slices; ++i) {
    SliceTally& slice = tally_->slices[i];
    slice.begin = last_ - start;
    for (; done_ < count * (i + 1) / bench_slices && !shared_.interrupted(); ++done_) {
      const Result<bool> read = trace.next(key);
      if (!read) return fail(read.error());
      if (!*read) return {};  // The file became shorter meanwhile.
      const std::uint64_t number = std::hash<std::string>{}(key);
      const std::string_view name = shared_.keys.named(key, key_buffer_);
      if (!get(name, number, slice)) set(name, number, slice);
      if (done_ % progress_every == 0) {
        progress("replaying", static_cast<double>(done_) / static_cast<double>(count));
      }
    }
    slice.end = last_ - start;
  }
  return {};
}

bool BenchWorker::get(std::string_view name, std::uint64_t key, SliceTally& slice) {
  const auto begin = steady::now();
  const Result<std::optional<std::string>> answer = shared_.backend.get(name);
  last_ = steady::now();
  record(tally_->gets, slice, answer ? nullptr : &answer.error(), last_ - begin);
  if (!answer || !*answer) return false;
  ++tally_->gets.hits;
  if (shared_.options.verify && !stamp_.matches(**answer, key)) ++wrong_answers_;
  return true;
}

void BenchWorker::set(std::string_view name, std::uint64_t key, SliceTally& slice) {
  const SizeRange& sizes = shared_.options.value_size;
  const std::size_t size = sizes.least + random_.below(sizes.most - sizes.least + 1);
  if (shared_.options.verify) stamp_.write(value_buffer_, size, key, ++sequence_);
  const std::string_view value = std::string_view(value_buffer_).substr(0, size);
  SetOptions options;
  options.ttl = shared_.ttl;
  const auto begin = steady::now();
  const Result<bool> answer = shared_.backend.set(name, value, options);
  last_ = steady::now();
  if (cli::may_have_stored(answer)) may_have_stored_ = true;
  record(tally_->sets, slice, answer ? nullptr : &answer.error(), last_ - begin);
}

void BenchWorker::record(OperationTally& operation, SliceTally& slice, const Error* error,
                         std::chrono::nanoseconds latency) {
  ++operation.count;
  ++slice.count;
  if (error == nullptr) {
    operation.latency.record(latency);
    slice.latency.record(latency);
    return;
  }
  ++operation.errors;
  ++slice.errors;
  FailureReport& failure = tally_->failures[error->code];
  if (++failure.count == 1) failure.example = *error;
}

}  // namespace cachekit::cli
