// One load for all who miss, also in several processes, and a change that nothing is lost of.

#include <cachekit/cachekit.hpp>

#include <chrono>
#include <functional>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>

using cachekit::CacheBackend;
using cachekit::Errc;
using cachekit::Result;
namespace operation = cachekit::operation;

// The value of a key: from the cache, from the source where this caller has the lease, or nothing
// where another one is loading it: whoever wants to wait for that asks again after a pause.
Result<std::optional<std::string>> get_or_load(CacheBackend& cache, std::string_view key,
                                               const std::function<std::string()>& load) {
  const auto leased =
      cache.run(operation::LeaseGet{.key = key, .lease_ttl = std::chrono::seconds(5)});
  if (!leased) return cachekit::fail(leased.error());
  if (leased->value || !leased->token) return leased->value;
  std::string loaded = load();  // One that throws leaves a lease that ends by itself.
  const auto stored = cache.run(operation::LeaseSet{
      .key = key, .token = *leased->token, .value = loaded, .ttl = std::chrono::minutes(10)});
  // Whatever became of it in the cache, the value is good: false says that the key was changed
  // meanwhile, and what was loaded is out of date for others.
  if (!stored) std::cerr << stored.error().describe() << '\n';
  return loaded;
}

// Doubles a number, whoever else changes it meanwhile.
Result<bool> double_number(CacheBackend& cache, std::string_view key) {
  for (int tries = 0; tries < 10; ++tries) {
    const auto now = cache.get(key);
    if (!now) return cachekit::fail(now.error());
    if (!*now) return false;
    const std::string doubled = std::to_string(2 * std::stol(**now));
    const auto changed =
        cache.run(operation::CompareAndSet{.key = key, .expected = **now, .value = doubled});
    if (!changed || *changed) return changed;
  }
  return cachekit::fail(Errc::overloaded, "others changed the number each time");
}

int main() {
  auto opened = cachekit::backend_from_environment();
  if (!opened) return std::cerr << opened.error().describe() << '\n', 1;
  CacheBackend& cache = **opened;

  // While this caller loads, another one finds the lease taken.
  const auto loads = [&] {
    const auto other = get_or_load(cache, "answer", [] { return std::string("never"); });
    std::cout << "the other one: " << (other && *other ? **other : "somebody loads it") << '\n';
    return std::string("21");
  };
  const auto first = get_or_load(cache, "answer", loads);
  if (!first) return std::cerr << first.error().describe() << '\n', 1;
  std::cout << "loaded: " << **first << '\n';
  std::cout << "cached: " << *cache.get("answer").value() << '\n';

  const auto doubled = double_number(cache, "answer");
  if (!doubled) return std::cerr << doubled.error().describe() << '\n', 1;
  std::cout << "doubled: " << *cache.get("answer").value() << '\n';
}
