#pragma once

#include <cachekit/ttl.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What can be asked of a cache, each operation described once, as a value.
///
/// An operation is a plain structure. Its `Value` is what comes of it, its `effect` how it is
/// counted and what is said of one whose fate is unknown. One that refers to more than its `key`
/// shows all of it by `each_view`. `CacheBackend` runs any of them, one or many, waited for or not;
/// a `Driver` carries them out. A new one is added here and in `Any`, and every driver then has to
/// say what it does with it.
///
/// Lifetime: what the views refer to outlives the call that is given the operation.

namespace cachekit {

enum class SetCondition : std::uint8_t { always, if_absent, if_present };

/// A page of the keys of a cache.
struct KeyPage {
  std::vector<std::string> keys{};
  /// The cursor of the page after this one, any bytes; empty: this was the last.
  std::string next{};
};

/// The right to load a key, until somebody changes the key or the lease ends.
enum class LeaseToken : std::uint64_t {};

/// What there is under a key: its value, or else who loads it.
struct Leased {
  std::optional<std::string> value{};
  /// Without a value: the caller is to load it. Empty: somebody else does.
  std::optional<LeaseToken> token{};
  /// Without a value: what is left of the lease, whoever holds it.
  std::chrono::milliseconds ends_in{0};

  /// Whether it is a hit.
  [[nodiscard]] explicit operator bool() const noexcept { return value.has_value(); }
};

/// What an operation does to the cache.
enum class Effect : std::uint8_t {
  look_up,  ///< Changes nothing; counts as a hit or a miss.
  read,     ///< Changes nothing.
  store,    ///< Counts as a set where it stored something.
  remove,   ///< Counts as a remove where it removed something.
  change,   ///< Changes an entry that is there, or gives a lease back.
  lease,    ///< Counts as a hit or a miss, and a miss may leave a lease behind.
};

[[nodiscard]] constexpr bool changes(Effect effect) noexcept {
  return effect != Effect::look_up && effect != Effect::read;
}

namespace operation {

/// An entry's value, empty for a miss.
struct Get {
  using Value = std::optional<std::string>;
  static constexpr Effect effect = Effect::look_up;

  std::string_view key;
};

/// True when stored; false when the condition did not hold.
struct Set {
  using Value = bool;
  static constexpr Effect effect = Effect::store;

  std::string_view key;
  std::string_view value;
  Ttl ttl = Ttl::none();
  SetCondition condition = SetCondition::always;
  /// Removes the entry instead: of a value that `Driver::check_value` refused nothing is stored,
  /// and no older one is left. `CacheBackend` says so.
  bool discard = false;

  template <typename Visit>
  void each_view(const Visit& visit) {
    visit(key);
    visit(value);
  }
};

/// Stores the value where the entry's value is `expected`, byte for byte, and gives the entry that
/// TTL. True when stored; false, and nothing changed, where there is no entry or it holds another
/// value. A caller who was told of false reads the value anew, and decides.
///
/// Errors: `too_large` for a value over a limit: an entry that is as expected is gone then, another
/// one stays. Where no entry is as expected it is `too_large` or false, by what is found out first.
/// Of Memcached also `overloaded`, where others stored the entry anew each of eight times that it
/// was compared, and nothing was changed; and `unsupported`, of a server without versions (`-C`).
struct CompareAndSet {
  using Value = bool;
  static constexpr Effect effect = Effect::store;

  std::string_view key;
  std::string_view expected;
  std::string_view value;
  Ttl ttl = Ttl::none();
  /// Removes the entry instead, where it is `expected`: as of a set.
  bool discard = false;

  template <typename Visit>
  void each_view(const Visit& visit) {
    visit(key);
    visit(expected);
    visit(value);
  }
};

/// True when there was an entry.
struct Remove {
  using Value = bool;
  static constexpr Effect effect = Effect::remove;

  std::string_view key;
};

/// Whether there is an entry.
struct Exists {
  using Value = bool;
  static constexpr Effect effect = Effect::look_up;

  std::string_view key;
};

/// What is left of an entry's life, `Ttl::none()` for no expiry, empty for a miss.
struct RemainingTtl {
  using Value = std::optional<Ttl>;
  static constexpr Effect effect = Effect::read;

  std::string_view key;
};

/// Gives an entry a new TTL; false for a miss.
struct Touch {
  using Value = bool;
  static constexpr Effect effect = Effect::change;

  std::string_view key;
  Ttl ttl = Ttl::none();
};

/// Adds to a decimal counter and gives the sum.
struct Increment {
  using Value = std::int64_t;
  static constexpr Effect effect = Effect::store;

  std::string_view key;
  std::int64_t by = 1;
};

/// An entry's value; of a key that has none, a lease, where nobody has one: its holder loads the
/// value and stores it by `LeaseSet`, while others wait or go without. A lease is no entry, and
/// no other operation sees it. It ends by `LeaseSet`, `LeaseDrop`, or after `lease_ttl`; and
/// whatever stores or removes an entry of the key ends it, and so does a `Remove` that finds none:
/// what was being loaded is out of date then. (A removal by pattern knows of no key without an
/// entry.) Leases may be lost at any time, which costs a load.
struct LeaseGet {
  using Value = Leased;
  static constexpr Effect effect = Effect::lease;

  std::string_view key;
  Ttl lease_ttl = std::chrono::seconds(10);  ///< How long a load may take; it has to end.
};

/// Stores what the holder of a lease has loaded, which ends the lease. False, and nothing changed,
/// where the token is not that of the key's lease any more.
///
/// Errors: `too_large` for a value over a limit: nothing is stored, and nothing removed. After any
/// error the lease is as it was, or gone.
struct LeaseSet {
  using Value = bool;
  static constexpr Effect effect = Effect::store;

  std::string_view key;
  LeaseToken token{};
  std::string_view value;
  Ttl ttl = Ttl::none();

  template <typename Visit>
  void each_view(const Visit& visit) {
    visit(key);
    visit(value);
  }
};

/// Gives a lease back, so that the next one who asks may load. False where the token is not that of
/// the key's lease any more.
struct LeaseDrop {
  using Value = bool;
  static constexpr Effect effect = Effect::change;

  std::string_view key;
  LeaseToken token{};
};

/// Those of leases, which a backend may not have: `Capabilities::leases`.
template <typename Operation>
concept OfLeases = std::same_as<Operation, LeaseGet> || std::same_as<Operation, LeaseSet> ||
    std::same_as<Operation, LeaseDrop>;

/// A page of the keys that match a glob. About `page_size` of them; it can be empty and not the
/// last.
struct ScanPage {
  using Value = KeyPage;
  static constexpr Effect effect = Effect::read;

  std::string_view pattern = "*";
  std::size_t page_size = 500;
  std::string_view cursor{};  ///< `KeyPage::next` of the page before; empty: the first page.

  template <typename Visit>
  void each_view(const Visit& visit) {
    visit(pattern);
    visit(cursor);
  }
};

/// `Of` each operation there is.
template <template <typename> class Of>
using Any = std::variant<Of<Get>, Of<Set>, Of<Remove>, Of<Exists>, Of<RemainingTtl>, Of<Touch>,
                         Of<Increment>, Of<ScanPage>, Of<CompareAndSet>, Of<LeaseGet>, Of<LeaseSet>,
                         Of<LeaseDrop>>;

/// Calls `visit` with each view of an operation.
template <typename Operation, typename Visit>
void each_view(Operation& operation, const Visit& visit) {
  if constexpr (requires { operation.each_view(visit); }) {
    operation.each_view(visit);
  } else {
    visit(operation.key);
  }
}

/// How many bytes an operation refers to.
template <typename Operation>
[[nodiscard]] std::size_t bytes_of(Operation operation) noexcept {
  std::size_t bytes = 0;
  each_view(operation, [&](std::string_view view) { bytes += view.size(); });
  return bytes;
}

/// The operation when all that it refers to has been appended to `bytes`, which must have room for
/// that: an append that moved them would leave others without theirs.
template <typename Operation>
[[nodiscard]] Operation copied_into(std::string& bytes, Operation operation) {
  each_view(operation, [&](std::string_view& view) {
    const std::size_t begin = bytes.size();
    bytes.append(view);
    view = std::string_view(bytes).substr(begin);
  });
  return operation;
}

}  // namespace operation
}  // namespace cachekit
