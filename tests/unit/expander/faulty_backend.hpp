#pragma once

#include <cachekit/backend.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>

/// A cache that fails when told to, and that tests can look into. Holds what it is given, TTLs too,
/// but expires nothing: what an entry says of itself is what is under test.
/// Threads: one at a time.
class FaultyBackend final : public cachekit::CacheBackend {
 public:
  struct Entry {
    std::string value;
    cachekit::Ttl ttl;
  };

  std::map<std::string, Entry, std::less<>> entries{};
  std::optional<cachekit::Error> get_fault{};
  std::optional<cachekit::Error> set_fault{};
  std::optional<cachekit::Error> remove_fault{};
  /// Runs inside every call with its budget; a slow server moves the clock here.
  std::function<void(cachekit::Deadline)> during_call{};
  int gets = 0;
  int sets = 0;
  int removes = 0;

  /// As a server that is gone: every call fails.
  void die(cachekit::Errc code = cachekit::Errc::unavailable);
  void recover();
  [[nodiscard]] int calls() const noexcept { return gets + sets + removes; }

  [[nodiscard]] std::string_view name() const noexcept override { return "faulty"; }
  [[nodiscard]] cachekit::Tier tier() const noexcept override { return cachekit::Tier::shared; }
  [[nodiscard]] cachekit::Capabilities capabilities() const override { return {}; }
  [[nodiscard]] std::string target() const override { return "faulty:1"; }

 private:
  using Deadline = cachekit::Deadline;
  using Ttl = cachekit::Ttl;
  template <typename T>
  using Result = cachekit::Result<T>;

  [[nodiscard]] std::chrono::milliseconds default_timeout() const noexcept override;
  [[nodiscard]] Result<void> check_key(std::string_view key) const override;
  [[nodiscard]] Result<std::optional<std::string>> do_get(std::string_view key,
                                                          Deadline deadline) override;
  [[nodiscard]] Result<bool> do_set(const cachekit::SetItem& item, cachekit::SetCondition condition,
                                    Deadline deadline) override;
  [[nodiscard]] Result<bool> do_remove(std::string_view key, Deadline deadline) override;

  // The expander asks for none of these.
  [[nodiscard]] Result<void> do_connect() override { return {}; }
  [[nodiscard]] Result<bool> do_exists(std::string_view, Deadline) override { return unused(); }
  [[nodiscard]] Result<std::optional<Ttl>> do_ttl(std::string_view, Deadline) override {
    return unused();
  }
  [[nodiscard]] Result<bool> do_touch(std::string_view, Ttl, Deadline) override { return unused(); }
  [[nodiscard]] Result<std::int64_t> do_increment(std::string_view, std::int64_t,
                                                  Deadline) override {
    return unused();
  }
  [[nodiscard]] std::vector<Result<std::optional<std::string>>> do_get_many(
      std::span<const std::string_view> keys, Deadline) override {
    return std::vector<Result<std::optional<std::string>>>(keys.size(), unused());
  }
  [[nodiscard]] std::vector<Result<bool>> do_set_many(std::span<const cachekit::SetItem> items,
                                                      cachekit::SetCondition, Deadline) override {
    return std::vector<Result<bool>>(items.size(), unused());
  }
  [[nodiscard]] std::vector<Result<bool>> do_remove_many(std::span<const std::string_view> keys,
                                                         Deadline) override {
    return std::vector<Result<bool>>(keys.size(), unused());
  }
  [[nodiscard]] Result<void> do_scan(const cachekit::ScanOptions&, std::chrono::milliseconds,
                                     const KeyVisitor&) override {
    return unused();
  }
  [[nodiscard]] Result<void> do_clear(Deadline) override { return unused(); }
  [[nodiscard]] cachekit::PingReport do_ping(Deadline) override { return {}; }
  [[nodiscard]] cachekit::StatsReport do_stats(Deadline) override { return {}; }

  [[nodiscard]] static tl::unexpected<cachekit::Error> unused() {
    return cachekit::fail(cachekit::Errc::unsupported, "not part of this backend");
  }
};
