#pragma once

#include <cachekit/export.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cachekit {

/// Where a backend belongs.
enum class Tier : std::uint8_t {
  shared,      ///< Tier-0: a server that many processes share; for production.
  in_process,  ///< Tier-1: this process only; for development, tests and as a near tier.
};

/// "Tier-0" or "Tier-1".
[[nodiscard]] CACHEKIT_API std::string_view to_string(Tier tier) noexcept;

/// What a backend can do, to be asked before it answers `Errc::unsupported`.
struct Capabilities {
  bool persistence = false;        ///< Entries can survive a restart of their holder.
  bool scan = false;               ///< `scan` lists keys.
  bool remove_matching = false;    ///< `remove_matching` removes by pattern.
  bool remaining_ttl = false;      ///< `ttl` can be asked.
  bool binary_keys = false;        ///< Keys may hold any byte, spaces and control bytes too.
  bool negative_counters = false;  ///< Counters go below 0 (else they stop at 0).
  bool compare_and_set = false;    ///< `operation::CompareAndSet`.
  bool leases = false;             ///< `operation::LeaseGet` and what belongs to it.
  bool rich_data = false;          ///< Lists, hashes, sets, streams through `command()`.
  bool publish_subscribe = false;  ///< `Subscriber`.
  bool transactions = false;       ///< `transaction()`.
  bool clustering = false;         ///< Several nodes behind one object.
  std::chrono::milliseconds ttl_resolution{1};  ///< TTLs are rounded up to a multiple of this.
  std::size_t max_key_bytes = 0;
  std::size_t max_value_bytes = 0;
};

}  // namespace cachekit
