#include "transfer/warmer.hpp"

#include "transfer/halving.hpp"

#include <cachekit/runtime.hpp>

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

constexpr std::size_t most_records = 500;
constexpr std::size_t most_bytes = std::size_t{4} << 20U;
constexpr std::size_t bad_lines_kept = 10;
constexpr auto nap = std::chrono::milliseconds(50);

// The record is at fault: another try cannot store it, the next record may well pass.
bool blames_record(const Error& error) {
  const bool key_forbidden =
      error.code == Errc::rejected && error.message.starts_with("NOPERM") &&
      error.message.find(" key") != std::string::npos;  // Of an ACL that names keys.
  return error.code == Errc::invalid_argument || error.code == Errc::too_large || key_forbidden;
}

}  // namespace

Warmer::Warmer(CacheBackend& backend, RecordReader& reader, WarmOptions options,
               std::function<bool()> interrupted, Progress progress)
    : backend_(backend),
      reader_(reader),
      options_(std::move(options)),
      interrupted_(std::move(interrupted)),
      progress_(std::move(progress)),
      jitter_(options_.jitter, Runtime::current().random()),
      batch_records_(most_records) {
  if (options_.rate) {
    limiter_.emplace(*options_.rate, SteadyClock::now());
    batch_records_ = std::min(most_records, limiter_->burst());
  }
  settled_.target = backend_.target();
  settled_.hash = hash_.value();
}

WarmResult Warmer::run() {
  // Without a word from the checkpoint nothing is written, the checkpoint least of all.
  if (Result<void> resumed = resume(); !resumed) {
    result_.error = std::move(resumed.error());
    return std::move(result_);
  }
  Result<void> loaded = load();
  Result<void> finished = finish(loaded.has_value() && !result_.too_many_bad && !refused_);
  if (!loaded && !result_.unsaved) {
    result_.error = std::move(loaded.error());
  } else if (!finished) {
    result_.error = std::move(finished.error());
  } else {
    result_.error = std::move(refused_);
  }
  return std::move(result_);
}

Result<void> Warmer::resume() {
  if (options_.checkpoint.empty()) return {};
  Result<std::optional<Checkpoint>> found = read_checkpoint(options_.checkpoint);
  if (!found) return fail(std::move(found.error()));
  if (Result<void> writable = try_checkpoint(options_.checkpoint); !writable) return writable;
  if (!*found || (*found)->rows == 0) return {};
  const Checkpoint& checkpoint = **found;
  if (checkpoint.target != settled_.target) {
    return fail(Errc::invalid_argument,
                fmt::format("the checkpoint {} is of a load into {}, not into {}",
                            options_.checkpoint.string(), checkpoint.target, settled_.target),
                {}, "name another file with --checkpoint, or remove this one to start over");
  }
  // A server that came back empty has none of what the checkpoint counts.
  std::vector<operation::Exists> looks;
  for (const std::string& key : checkpoint.last_keys) looks.push_back({key});
  for (const Result<bool>& there : backend_.run_many<operation::Exists>(looks)) {
    if (!there) return fail(there.error());
    if (!*there) result_.lost_checkpoint = true;
  }
  return result_.lost_checkpoint ? Result<void>() : skip_rows(checkpoint);
}

Result<void> Warmer::skip_rows(const Checkpoint& checkpoint) {
  while (rows_ < checkpoint.rows) {
    Result<std::optional<Row>> row = reader_.next();
    if (!row) return fail(std::move(row.error()));
    if (!*row) break;
    hash_.add(**row);
    ++rows_;
  }
  if (rows_ != checkpoint.rows || hash_.value() != checkpoint.hash) {
    return fail(Errc::invalid_argument,
                fmt::format("the checkpoint {} is of another input", options_.checkpoint.string()),
                {}, "name another file with --checkpoint, or remove this one to start over");
  }
  settled_ = checkpoint;
  result_.tally.resumed = rows_;
  result_.tally.resumed_bad = checkpoint.bad;
  return {};
}

Result<void> Warmer::load() {
  while (true) {
    if (interrupted_()) return fail(Errc::cancelled, "interrupted");
    const Result<bool> more = read_batch();
    if (Result<void> stored = store_batch(); !stored) return stored;
    if (!more) return fail(more.error());
    progress_(result_.tally, reader_.bytes_taken());
    result_.too_many_bad = over_max_errors();
    if (!*more || result_.too_many_bad) return {};
    // The in-process engine keeps nothing before its snapshot is written, at the end.
    if (backend_.tier() == Tier::in_process) continue;
    if (Result<void> saved = save_checkpoint(); !saved) return saved;
  }
}

// False at the end of the input.
Result<bool> Warmer::read_batch() {
  std::size_t bytes = 0;
  while (batch_.size() < batch_records_ && bytes < most_bytes && !over_max_errors()) {
    Result<std::optional<Row>> next = reader_.next();
    if (!next) return fail(std::move(next.error()));
    if (!*next) return false;
    Row& row = **next;
    Waiting waiting{{}, rows_, hash_.value()};
    hash_.add(row);
    ++rows_;
    if (!row.problem.empty()) {
      count_bad(row.line, std::move(row.problem));
      bad_rows_.push_back(waiting.rows_before);
      continue;
    }
    bytes += row.record.key.size() + row.record.value.size();
    waiting.row = std::move(row);
    batch_.push_back(std::move(waiting));
  }
  return true;
}

void Warmer::count_bad(std::uint64_t line, std::string problem) {
  ++result_.tally.bad;
  if (result_.tally.bad_lines.size() < bad_lines_kept) {
    result_.tally.bad_lines.push_back({line, std::move(problem)});
  }
}

bool Warmer::over_max_errors() const {
  return options_.max_errors && result_.tally.bad > *options_.max_errors;
}

Result<void> Warmer::store_batch() {
  if (batch_.empty()) {
    settle_up_to(rows_, hash_.value());
    return {};
  }
  wait_for_tokens(batch_.size());
  if (interrupted_()) {
    result_.tally.failed += batch_.size();
    return fail(Errc::cancelled, "interrupted");
  }
  std::vector<SetItem> items;
  items.reserve(batch_.size());
  for (const Waiting& waiting : batch_) {
    const Record& record = waiting.row.record;
    items.push_back({record.key, record.value, jitter_.apply(record.ttl.value_or(options_.ttl))});
  }
  std::vector<Result<bool>> outcomes = store(items);
  const bool any_stored = std::ranges::any_of(outcomes, &Result<bool>::has_value);
  std::optional<Error> first_error;
  for (std::size_t i = 0; i < batch_.size(); ++i) {
    const bool refused = !outcomes[i] && outcomes[i].error().code == Errc::rejected;
    std::optional<Error> error = settle(i, outcomes[i]);
    if (!error) continue;
    settle_up_to(batch_[i].rows_before, batch_[i].hash_before);
    pinned_ = true;
    if (refused && any_stored) {
      // The others go on. It may be stored another time, so that the checkpoint stays before it.
      --result_.tally.failed;
      count_bad(batch_[i].row.line, error->describe());
      if (!refused_) refused_ = std::move(error);
    } else if (!first_error) {
      first_error = std::move(error);
    }
  }
  settle_up_to(rows_, hash_.value());
  batch_.clear();
  if (!first_error) return {};
  // Servers get no more time then, which looks as if they had not answered.
  if (interrupted_()) return fail(Errc::cancelled, "interrupted");
  return fail(std::move(*first_error));
}

// To store a record twice does no harm: it is there with the same value then.
std::vector<Result<bool>> Warmer::store(std::span<const SetItem> items) {
  const SetCondition condition =
      options_.skip_existing ? SetCondition::if_absent : SetCondition::always;
  const auto call = [&](Halving<bool>::Indices which) {
    std::vector<SetItem> chosen;
    chosen.reserve(which.size());
    for (const std::size_t i : which) chosen.push_back(items[i]);
    return backend_.set_many(chosen, {condition, options_.batch_timeout});
  };
  return Halving<bool>(backend_, call, options_.batch_timeout, interrupted_).run(items.size());
}

void Warmer::settle_up_to(std::uint64_t rows, std::uint64_t hash) {
  if (pinned_) return;
  settled_.bad += std::erase_if(bad_rows_, [&](std::uint64_t before) { return before < rows; });
  settled_.rows = rows;
  settled_.hash = hash;
}

// Counts one outcome; gives the error that stops the load, if it is one.
std::optional<Error> Warmer::settle(std::size_t i, Result<bool>& outcome) {
  WarmTally& tally = result_.tally;
  const Row& row = batch_[i].row;
  if (outcome) {
    ++(*outcome ? tally.stored : tally.skipped);
    if (*outcome) tally.stored_bytes += row.record.key.size() + row.record.value.size();
    const bool noted = !pinned_ && !options_.checkpoint.empty();
    if (noted) settled_.note_stored(row.record.key);
    return std::nullopt;
  }
  Error& error = outcome.error();
  if (blames_record(error)) {
    count_bad(row.line, std::move(error.message));
    bad_rows_.push_back(batch_[i].rows_before);
    return std::nullopt;
  }
  ++(error.code == Errc::outcome_unknown ? tally.unknown : tally.failed);
  return std::move(error);
}

void Warmer::wait_for_tokens(std::size_t count) {
  if (!limiter_) return;
  const auto start = SteadyClock::now();
  const auto ready = start + limiter_->take(count, start);
  while (!interrupted_()) {
    const auto left = ready - SteadyClock::now();
    if (left <= std::chrono::nanoseconds(0)) return;
    Runtime::current().sleep_for(std::min<std::chrono::nanoseconds>(left, nap));
  }
}

Result<void> Warmer::save_checkpoint() {
  if (options_.checkpoint.empty()) return {};
  return write_checkpoint(options_.checkpoint, settled_);
}

// Makes what was stored durable before the checkpoint says so. A load that came to its end leaves
// no checkpoint: the next one is a new one.
Result<void> Warmer::finish(bool at_end) {
  if (Result<void> flushed = backend_.flush(); !flushed) {
    result_.unsaved = true;
    result_.tally.failed += std::exchange(result_.tally.stored, 0);
    return flushed;
  }
  if (options_.checkpoint.empty()) return {};
  if (!at_end) return save_checkpoint();
  remove_checkpoint(options_.checkpoint);
  return {};
}

}  // namespace cachekit::cli
