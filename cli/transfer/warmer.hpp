#pragma once

#include "transfer/checkpoint.hpp"
#include "transfer/rate_limiter.hpp"
#include "transfer/record_reader.hpp"
#include "transfer/ttl_jitter.hpp"

#include <cachekit/backend.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace cachekit::cli {

struct WarmOptions {
  Ttl ttl = Ttl::none();  ///< For records that name none.
  Jitter jitter{};
  std::optional<double> rate{};  ///< Records a second.
  bool skip_existing = false;
  std::optional<std::uint64_t> max_errors{};  ///< Stop above so many bad records.
  std::filesystem::path checkpoint{};         ///< Empty: none.
  std::optional<std::chrono::milliseconds> batch_timeout{};
};

struct BadLine {
  std::uint64_t line = 0;
  std::string problem{};
};

/// What became of each record. Each is counted once: stored + skipped + bad + failed + unknown +
/// resumed is how many were read.
struct WarmTally {
  std::uint64_t stored = 0;
  std::uint64_t stored_bytes = 0;    ///< Their keys and values.
  std::uint64_t skipped = 0;         ///< Was there already (`skip_existing`).
  std::uint64_t bad = 0;             ///< Cannot be read, or the server takes others and not it.
  std::uint64_t failed = 0;          ///< Surely not stored.
  std::uint64_t unknown = 0;         ///< Sent and not answered: stored or not.
  std::uint64_t resumed = 0;         ///< Passed over, as the checkpoint says.
  std::uint64_t resumed_bad = 0;     ///< Of those, bad: they were counted by the load before.
  std::vector<BadLine> bad_lines{};  ///< The first ten.
};

/// How a load ended.
struct WarmResult {
  WarmTally tally{};
  std::optional<Error> error{};  ///< What stopped it before the end, `cancelled` for Ctrl-C.
  bool too_many_bad = false;     ///< `max_errors` stopped it.
  bool lost_checkpoint = false;  ///< The target has lost what the checkpoint counted: started over.
  bool unsaved = false;  ///< What was stored could not be made durable: it counts as failed.
  /// How many entries the cache has evicted meanwhile, and how many it holds in the end; empty
  /// where that cannot be told.
  std::optional<std::uint64_t> evicted{};
  std::optional<std::uint64_t> items{};
};

/// Stores the records of a reader in batches, and never counts one as stored that may not be.
///
/// A record that cannot be stored is bad and does not stop the rest, also where the server closes
/// the connection on it. A batch that fails for want of a server, or because it takes nothing at
/// all, stops the load: what was stored stays counted, what was sent without an answer is
/// `unknown`. The checkpoint only ever covers rows that are settled.
class Warmer {
 public:
  using Progress = std::function<void(const WarmTally&, std::uint64_t bytes_read)>;

  /// Lifetime: backend and reader outlive this object.
  Warmer(CacheBackend& backend, RecordReader& reader, WarmOptions options,
         std::function<bool()> interrupted, Progress progress);

  [[nodiscard]] WarmResult run();

 private:
  // A row that waits for its batch, and where the input stood before it.
  struct Waiting {
    Row row;
    std::uint64_t rows_before;
    std::uint64_t hash_before;
  };

  [[nodiscard]] Result<void> resume();
  [[nodiscard]] Result<void> skip_rows(const Checkpoint& checkpoint);
  [[nodiscard]] Result<void> load();
  [[nodiscard]] Result<bool> read_batch();
  void count_bad(std::uint64_t line, std::string problem);
  [[nodiscard]] bool over_max_errors() const;
  [[nodiscard]] Result<void> store_batch();
  [[nodiscard]] std::vector<Result<bool>> store(std::span<const SetItem> items);
  void settle_up_to(std::uint64_t rows, std::uint64_t hash);
  [[nodiscard]] std::optional<Error> settle(std::size_t i, Result<bool>& outcome);
  void wait_for_tokens(std::size_t count);
  [[nodiscard]] Result<void> save_checkpoint();
  [[nodiscard]] Result<void> finish(bool at_end);

  CacheBackend& backend_;
  RecordReader& reader_;
  WarmOptions options_;
  std::function<bool()> interrupted_;
  Progress progress_;
  std::optional<RateLimiter> limiter_;
  TtlJitter jitter_;
  std::size_t batch_records_;

  WarmResult result_;
  std::vector<Waiting> batch_;
  std::uint64_t rows_ = 0;
  RowHash hash_;
  Checkpoint settled_;
  std::vector<std::uint64_t> bad_rows_;  // Behind what is settled: how many rows came before each.
  bool pinned_ = false;                  // A row was not stored that may be another time.
  std::optional<Error> refused_;         // The first that the server refused while it took others.
};

}  // namespace cachekit::cli
