#include "net/routing/router.hpp"

namespace cachekit::net {

Error Router::no_node(std::string_view) const {
  return {Errc::unavailable, "no node owns the key", {}, "look at the state of the servers"};
}

}  // namespace cachekit::net
