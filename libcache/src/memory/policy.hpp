#pragma once

#include "memory/entry.hpp"
#include "memory/entry_queue.hpp"

#include <cachekit/memory.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace cachekit::memory {

/// How the adaptive policy takes new keys in.
enum class Admission : std::uint8_t {
  filter,  ///< On probation first, unless their history speaks for them.
  all,     ///< Into the main queue at once, as the CLOCK algorithm does.
};

/// Decides which entry of a shard goes first when room is needed, and knows nothing else about it.
///
/// Threads: the shard's lock guards it: the members that change something want it for writing,
/// `note_use` and `heat` for reading.
class Policy {
 public:
  virtual ~Policy() = default;
  Policy() = default;
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;

  /// Makes room, so that the next call that changes something cannot fail.
  virtual void reserve() = 0;
  /// Says that an entry with a new key will come and another one have to go, so that what both
  /// calls look at can be brought close to the processor; gives the one that will probably go, or
  /// null.
  [[nodiscard]] virtual const Entry* expect(std::uint32_t /*hash*/) noexcept { return nullptr; }
  /// An entry with a new key.
  virtual void add(Entry& entry) noexcept = 0;
  /// A new value for a key: the fresh entry takes the old one's place, and has been used.
  virtual void replace(const Entry& old, Entry& fresh) noexcept = 0;
  /// An entry that was removed or has expired.
  virtual void remove(const Entry& entry) noexcept = 0;
  /// Takes out the entry that is to go, and remembers its key where that helps. Requires: there is
  /// an entry.
  [[nodiscard]] virtual Entry& evict() noexcept = 0;
  /// An entry that is as good as any to go where there is no memory to look for a better one; null
  /// where there is none. It stays.
  [[nodiscard]] virtual Entry* front() const noexcept = 0;
  /// The cache was emptied, and begins anew. Requires: there is no entry.
  virtual void restart() noexcept {}
  /// There is more room than when the last entry had to go.
  virtual void expand() noexcept {}

  /// Whether a use must be reported by `use`, under the lock for writing; otherwise `note_use` will
  /// do.
  [[nodiscard]] virtual bool orders_uses() const noexcept { return false; }
  virtual void use(Entry& entry) noexcept { note_use(entry); }

  /// Remembers a use in the entry alone. Readers may do that at the same time; an increment that is
  /// lost does not matter. Nothing is written for an entry that is used often, so its cache line
  /// stays with all readers.
  static void note_use(Entry& entry) noexcept {
    const std::uint8_t state = entry.policy.load(std::memory_order_relaxed);
    if ((state & most_uses) == most_uses) return;
    entry.policy.store(static_cast<std::uint8_t>(state + 1), std::memory_order_relaxed);
  }

  /// Its queues, for who moves entries between the policies of two shards. An entry keeps what is
  /// noted in it, and its age: `now()` less its stamp.
  [[nodiscard]] virtual std::size_t queues() const noexcept = 0;
  [[nodiscard]] virtual EntryQueue& queue(std::size_t number) noexcept = 0;
  [[nodiscard]] virtual std::uint32_t now() const noexcept { return 0; }

  /// Shows all entries, the first to go first, as far as that is known beforehand.
  virtual void for_each(const std::function<void(const Entry&)>& visit) const = 0;

  [[nodiscard]] virtual std::size_t count() const noexcept = 0;
  /// Whether its structures agree with each other.
  [[nodiscard]] virtual bool consistent() const = 0;

 protected:
  /// The lowest bits of `Entry::policy` count uses, up to this.
  static constexpr std::uint8_t most_uses = 3;
};

/// Lifetime: `admission`, which the adaptive policy follows, must outlive it.
[[nodiscard]] std::unique_ptr<Policy> make_policy(EvictionPolicy policy,
                                                  const std::atomic<Admission>& admission);

}  // namespace cachekit::memory
