#pragma once

#include "expander/fetch_plan.hpp"
#include "expander/refresh.hpp"

#include <cachekit/entity.hpp>
#include <cachekit/envelope.hpp>
#include <cachekit/fetch_policy.hpp>
#include <cachekit/fetched.hpp>
#include <cachekit/loader.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace cachekit {

/// What an entry is good for.
struct EntryReading {
  Standing standing = Standing::none;
  MissReason miss = MissReason::none;  ///< Why it is not fresh.
  bool absent = false;                 ///< It says that there is no such entity.
  std::chrono::milliseconds age{0};
  std::optional<Ttl> remaining{};  ///< Of one that is not stale.
};

/// How far the bytes of an entry are believed.
enum class Trust : std::uint8_t {
  checked,
  own,  ///< They have not left the process.
};

/// Reads an entry, and has `job` decode what it is good for. `spent`, where given, is what holds
/// the bytes: `job` may keep those of a fresh one.
[[nodiscard]] EntryReading read_entry(std::string_view bytes, const EntityKind& kind,
                                      const FetchPolicy& policy, UnixMillis now, Draws& draws,
                                      Trust trust, detail::FetchJob& job,
                                      std::string* spent = nullptr);

}  // namespace cachekit
