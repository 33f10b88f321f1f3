#pragma once

#include "memory/keyed_hash.hpp"

#include <cachekit/error.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string_view>

namespace cachekit::memory {

// The snapshot file, version 2. All numbers are little-endian.
//
//     magic      8 bytes   "CKSNAP" 0x1A 0x0A
//     version    u32       2
//     count      u64       how many entries follow
//     seed       2 x u64   of the hash of keys; not in version 1
//     entries    count times, the least recently used first:
//       expiry   i64       milliseconds since 1970-01-01 UTC, 0 for none
//       key      u32       bytes of the key
//       value    u64       bytes of the value
//       key and value
//     checksum   u32       CRC-32 (that of zlib) of everything before it
//
// Expiry is a date because it must outlive the process; what is left of it is worked out anew when
// the file is read. The seed makes keys fall to the same shards as before: what fitted still fits.

/// One entry of a snapshot. Lifetime: of a visit, where it was read.
struct SnapshotEntry {
  std::int64_t expires_at_ms = 0;
  std::string_view key{};
  std::string_view value{};
};

using SeedVisitor = std::function<void(const HashSeed& seed)>;
using SnapshotVisitor = std::function<void(const SnapshotEntry& entry)>;

/// What becomes of the file that was there.
enum class OldSnapshot : std::uint8_t {
  replaced,
  set_aside,  ///< It is damaged: kept under another name, once the new one is written.
};

/// Replaces the file in one step: whoever reads it sees the old entries or the new ones, also after
/// a crash. Mode 0600. Requires: nobody else writes it (see `SnapshotLock`).
/// Errors: `rejected` also where what has come there meanwhile is no snapshot.
[[nodiscard]] Result<void> write_snapshot(const std::filesystem::path& path, const HashSeed& seed,
                                          std::span<const SnapshotEntry> entries,
                                          OldSnapshot old = OldSnapshot::replaced);

/// Visits the seed, if the file has one, and the entries, after the checksum of the whole file has
/// proved right. No file, or an empty one: no entries.
/// Errors: `decode` when the file is damaged or cut off; `unsupported` when a newer version
/// wrote it; `rejected` when it begins with anything but the magic, which makes it somebody else's,
/// or when the system does not let it be read.
/// Cost: reads the file twice; takes memory for one entry, whatever length it announces.
[[nodiscard]] Result<void> read_snapshot(const std::filesystem::path& path,
                                         const SeedVisitor& begin, const SnapshotVisitor& visit);

/// Errors: as `read_snapshot` for what is somebody else's file or cannot be read.
[[nodiscard]] Result<void> check_own_snapshot(const std::filesystem::path& path);

/// Gives a damaged snapshot a second name, `FILE.corrupt-N`, N being the first free number, under
/// which it stays when another one takes its place; renames it where a file can have only one. One
/// that is gone meanwhile needs none.
[[nodiscard]] Result<void> set_aside(const std::filesystem::path& path);

}  // namespace cachekit::memory
