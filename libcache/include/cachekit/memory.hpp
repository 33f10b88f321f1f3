#pragma once

#include <cachekit/backend.hpp>
#include <cachekit/clock.hpp>
#include <cachekit/units.hpp>

#include <filesystem>
#include <memory>
#include <optional>

namespace cachekit {

/// What an `InMemoryBackend` may be told. All fields have working defaults.
struct InMemoryConfig {
  /// Bound on keys, values and overhead together; the least recently used entries make room.
  Bytes capacity = mebibytes(64);
  /// Independent parts, each with its own lock and its share of the capacity. 0: chosen from the
  /// capacity (at least 1 MiB a shard, at most 16 shards). At most 1,024. Most users leave this
  /// alone.
  std::size_t shards = 0;
  /// Where `connect` reads the entries from and `flush` writes them to; empty: nowhere.
  std::filesystem::path snapshot_file{};
  /// Read the snapshot, never write it; takes no lock.
  bool snapshot_read_only = false;
  /// How long `connect` waits for another process that holds the snapshot; also the budget of a
  /// call that was given none.
  std::chrono::milliseconds connection_timeout = std::chrono::seconds(5);
};

/// A bounded, thread-safe cache in this process. Works with no argument.
///
/// TTLs count on a steady clock in milliseconds. With a `snapshot_file`, `connect` takes a lock on
/// `FILE.lock` until this object is gone, loads what has not expired meanwhile, and `flush` writes
/// the file anew (to a temporary file, then renamed, with a checksum); a snapshot that cannot be
/// read is set aside as `FILE.corrupt-N`, reported by `warnings()`, and the cache starts empty.
/// Nothing is written by itself, not even at the end: call `flush`.
///
/// Threads: all members may be called from any thread at once.
/// Errors: a call that has to load the snapshot first fails as `connect` does: `unavailable` when
/// another process holds it, `rejected` when the system does not let it be read, `unsupported` when
/// a newer version wrote it. `flush` without a `connect` that went well is `invalid_argument`, so
/// that a cache which could not load its entries never replaces those on the disk.
/// Limits: keys of 1 to 65,536 bytes; one entry takes at most one shard's share of the capacity,
/// else `too_large`.
/// Cost: about 130 bytes an entry beside key and value. `flush` copies all entries for a moment.
class InMemoryBackend final : public CacheBackend {
 public:
  explicit InMemoryBackend(InMemoryConfig config = {}, const Clock& clock = Clock::system());
  ~InMemoryBackend() override;

  [[nodiscard]] std::string_view name() const noexcept override { return "memory"; }
  [[nodiscard]] Tier tier() const noexcept override { return Tier::in_process; }
  [[nodiscard]] Capabilities capabilities() const override;
  [[nodiscard]] std::string target() const override;

  /// What `connect` set aside or skipped, one sentence each; empty when all was well.
  [[nodiscard]] std::vector<std::string> warnings() const;

  /// Checks that index, order and byte counts agree, shard by shard; for tests.
  /// Errors: `decode`, naming the first thing that does not add up.
  [[nodiscard]] Result<void> validate() const;

 private:
  [[nodiscard]] std::chrono::milliseconds default_timeout() const noexcept override;
  [[nodiscard]] Result<void> check_key(std::string_view key) const override;
  [[nodiscard]] Result<void> do_connect() override;
  [[nodiscard]] Result<void> do_flush() override;
  [[nodiscard]] Result<std::optional<std::string>> do_get(std::string_view key,
                                                          Deadline deadline) override;
  [[nodiscard]] Result<bool> do_set(const SetItem& item, SetCondition condition,
                                    Deadline deadline) override;
  [[nodiscard]] Result<bool> do_remove(std::string_view key, Deadline deadline) override;
  [[nodiscard]] Result<bool> do_exists(std::string_view key, Deadline deadline) override;
  [[nodiscard]] Result<std::optional<Ttl>> do_ttl(std::string_view key, Deadline deadline) override;
  [[nodiscard]] Result<bool> do_touch(std::string_view key, Ttl ttl, Deadline deadline) override;
  [[nodiscard]] Result<std::int64_t> do_increment(std::string_view key, std::int64_t by,
                                                  Deadline deadline) override;
  [[nodiscard]] std::vector<Result<std::optional<std::string>>> do_get_many(
      std::span<const std::string_view> keys, Deadline deadline) override;
  [[nodiscard]] std::vector<Result<bool>> do_set_many(std::span<const SetItem> items,
                                                      SetCondition condition,
                                                      Deadline deadline) override;
  [[nodiscard]] std::vector<Result<bool>> do_remove_many(std::span<const std::string_view> keys,
                                                         Deadline deadline) override;
  [[nodiscard]] Result<void> do_scan(const ScanOptions& options,
                                     std::chrono::milliseconds page_timeout,
                                     const KeyVisitor& visit) override;
  [[nodiscard]] Result<void> do_clear(Deadline deadline) override;
  [[nodiscard]] PingReport do_ping(Deadline deadline) override;
  [[nodiscard]] StatsReport do_stats(Deadline deadline) override;

  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cachekit
