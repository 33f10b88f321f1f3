#pragma once

#include <cachekit/backend.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>

/// A cache that fails when told to, and that tests can look into. Holds what it is given, TTLs too,
/// but expires nothing: what an entry says of itself is what is under test.
/// Threads: one at a time.
class FaultyDriver final : public cachekit::Driver {
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

  [[nodiscard]] std::string_view name() const noexcept override { return "faulty"; }
  [[nodiscard]] cachekit::Tier tier() const noexcept override { return cachekit::Tier::shared; }
  [[nodiscard]] cachekit::Capabilities capabilities() const override {
    return {.max_key_bytes = 250};
  }
  [[nodiscard]] std::string target() const override { return "faulty:1"; }
  [[nodiscard]] std::chrono::milliseconds default_timeout() const noexcept override {
    return std::chrono::seconds(60);
  }
  void run(const cachekit::AnyBatch& batch, cachekit::Deadline deadline) override;

 private:
  [[nodiscard]] cachekit::Result<std::optional<std::string>> answer(
      const cachekit::operation::Get& get);
  [[nodiscard]] cachekit::Result<bool> answer(const cachekit::operation::Set& set);
  [[nodiscard]] cachekit::Result<bool> answer(const cachekit::operation::Remove& remove);
};

class FaultyBackend final : public cachekit::CacheBackend {
 public:
  FaultyBackend() : CacheBackend(std::make_unique<FaultyDriver>()) {}

  /// As a server that is gone: every call fails.
  void die(cachekit::Errc code = cachekit::Errc::unavailable);
  void recover();
  [[nodiscard]] int calls() const noexcept { return inner().gets + inner().sets + inner().removes; }

  [[nodiscard]] FaultyDriver& inner() const noexcept {
    return static_cast<FaultyDriver&>(driver());
  }
};
