#include <cachekit/ttl_policy.hpp>

namespace cachekit {

TtlPolicy& TtlPolicy::for_prefix(std::string_view prefix, Ttl ttl) {
  by_prefix_.insert_or_assign(std::string(prefix), ttl);
  return *this;
}

Result<Ttl> TtlPolicy::choose(std::string_view prefix, const std::optional<Ttl>& of_call) const {
  const auto own = by_prefix_.find(prefix);
  const Ttl ttl = of_call ? *of_call : own != by_prefix_.end() ? own->second : for_all_;
  return validate(ttl).map([&] { return ttl; });
}

}  // namespace cachekit
