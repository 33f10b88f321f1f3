#pragma once

#include <cachekit/entity.hpp>
#include <cachekit/export.hpp>
#include <cachekit/ttl.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace cachekit {

/// How long the expander keeps what it stores: the TTL of the call, else that of the type, else
/// one for all.
///
///     TtlPolicy::fixed(10min).for_type<User>(1h).for_type<Country>(Ttl::none())
class CACHEKIT_API TtlPolicy {
 public:
  static constexpr std::chrono::milliseconds default_ttl = std::chrono::minutes(5);

  /// `default_ttl` for every type that has none of its own.
  TtlPolicy() : TtlPolicy(Ttl(default_ttl)) {}

  /// One TTL for every type that has none of its own.
  [[nodiscard]] static TtlPolicy fixed(Ttl ttl) { return TtlPolicy(ttl); }
  /// Entries stay until they are invalidated or evicted.
  [[nodiscard]] static TtlPolicy infinite() { return TtlPolicy(Ttl::none()); }

  /// Gives a type of entity a TTL of its own.
  template <Entity T>
  TtlPolicy& for_type(Ttl ttl) {
    return for_prefix(entity_prefix<T>, ttl);
  }
  TtlPolicy& for_prefix(std::string_view prefix, Ttl ttl);

  /// Errors: `invalid_argument` when the TTL that applies is zero, negative or above `Ttl::max`.
  [[nodiscard]] Result<Ttl> choose(std::string_view prefix,
                                   const std::optional<Ttl>& of_call = std::nullopt) const;

 private:
  explicit TtlPolicy(Ttl ttl) : for_all_(ttl) {}

  Ttl for_all_;
  std::map<std::string, Ttl, std::less<>> by_prefix_;
};

}  // namespace cachekit
