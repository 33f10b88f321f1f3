#include "memory/memory_driver.hpp"

#include <cachekit/memory.hpp>
#include <cachekit/runtime.hpp>

#include <utility>

namespace cachekit {
namespace {

// The driver that each of these backends is made with.
memory::MemoryDriver& engine_of(Driver& driver) noexcept {
  return static_cast<memory::MemoryDriver&>(driver);
}

}  // namespace

InMemoryBackend::InMemoryBackend(InMemoryConfig config, Runtime& runtime)
    : CacheBackend(std::make_unique<memory::MemoryDriver>(std::move(config), runtime)) {}

InMemoryBackend::~InMemoryBackend() = default;

std::vector<std::string> InMemoryBackend::warnings() const {
  return engine_of(driver()).persistence().warnings();
}

Result<std::optional<std::string>> InMemoryBackend::get(std::string_view key,
                                                        const CallOptions& options) {
  memory::MemoryDriver& engine = engine_of(driver());
  if (options.stop.stop_possible() || !engine.takes_short_way(key, options.timeout)) {
    return CacheBackend::get(key, options);
  }
  Result<std::optional<std::string>> value =
      memory::or_out_of_memory([&] { return engine.store().get(key); });
  count_lookup(value);
  return value;
}

Result<bool> InMemoryBackend::set(std::string_view key, std::string_view value,
                                  const SetOptions& options) {
  memory::MemoryDriver& engine = engine_of(driver());
  const bool valid = !options.ttl.expires() || cachekit::validate(options.ttl);
  if (valid && !options.stop.stop_possible() && engine.takes_short_way(key, options.timeout)) {
    Result<bool> stored = memory::or_out_of_memory([&] {
      return engine.store().set({key, value, options.ttl, options.condition});
    });
    if (!stored) engine.locate(stored.error());
    count_set(stored);
    return stored;
  }
  return CacheBackend::set(key, value, options);
}

PinnedValue::~PinnedValue() {
  if (entry_ != nullptr) memory::release(entry_);
}

Result<std::optional<PinnedValue>> InMemoryBackend::pin(std::string_view key) {
  memory::MemoryDriver& engine = engine_of(driver());
  auto outcome = memory::or_out_of_memory([&] {
    return engine.check_key(key)
        .and_then([&] { return engine.ready(Deadline::after(engine.default_timeout())); })
        .map([&]() -> std::optional<PinnedValue> {
          const memory::Entry* const entry = engine.store().pin(key).release();
          if (entry == nullptr) return std::nullopt;
          return PinnedValue(entry, entry->value());
        });
  });
  count_lookup(outcome);
  return outcome;
}

Result<void> InMemoryBackend::resize(Bytes capacity, std::uint64_t max_entries) {
  return engine_of(driver()).resize(capacity, max_entries);
}

Result<void> InMemoryBackend::hottest(const HotEntryVisitor& visit) {
  memory::MemoryDriver& engine = engine_of(driver());
  return engine.hottest(visit, Deadline::after(engine.default_timeout()));
}

MemoryInsights InMemoryBackend::insights() const { return engine_of(driver()).insights(); }

Result<void> InMemoryBackend::validate() const { return engine_of(driver()).store().validate(); }

}  // namespace cachekit
