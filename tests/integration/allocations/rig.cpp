#include "rig.hpp"

#include "support/gate.hpp"

#include <cachekit/memcached.hpp>
#include <cachekit/redis.hpp>

namespace cachekit::test {

std::string_view to_string(Kind kind) noexcept {
  return kind == Kind::redis ? "redis" : "memcached";
}

Rig::Rig(Kind kind) : kind_(kind) {
  if (kind == Kind::redis) {
    servers_.push_back(std::make_unique<RedisServer>());
  } else {
    servers_.push_back(std::make_unique<MemcachedServer>());
    servers_.push_back(std::make_unique<MemcachedServer>());
  }
  cache_ = make_client();
  truth_ = make_client();
  for (int i = 0; i < 4; ++i) {
    neighbours_.emplace_back("neighbour" + std::to_string(i),
                             "a value that belongs to neighbour " + std::to_string(i));
  }
  for (const auto& [key, value] : neighbours_) must(truth_->set(key, value));
  must(cache_->connect());
}

std::unique_ptr<CacheBackend> Rig::make_client() const {
  if (kind_ == Kind::redis) {
    return std::make_unique<RedisBackend>(RedisConfig{.host = "127.0.0.1",
                                                      .port = servers_.front()->port(),
                                                      .connection_timeout = patience,
                                                      .operation_timeout = patience});
  }
  MemcachedConfig config{.connection_timeout = patience, .operation_timeout = patience};
  for (const auto& server : servers_) config.servers.push_back(server->endpoint());
  return std::make_unique<MemcachedBackend>(config);
}

void Rig::begin_anew() { cache_ = make_client(); }

void Rig::check_neighbours() {
  for (const auto& [key, value] : neighbours_) {
    Result<std::optional<std::string>> seen = fail(Errc::unavailable, "never asked");
    // A shortage may have cost the connection, and the next attempt to make one is due in a moment;
    // until then calls are told why the last one failed.
    CHECK(eventually([&, &name = key] {
      seen = cache_->get(name);
      return seen ||
             (seen.error().code != Errc::unavailable && seen.error().code != Errc::overloaded);
    }));
    CHECK(must(seen) == value);
  }
}

}  // namespace cachekit::test
