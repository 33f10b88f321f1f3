#pragma once

#include "support/catch.hpp"
#include "support/servers.hpp"

#include <cachekit/expander.hpp>
#include <cachekit/memcached.hpp>
#include <cachekit/memory.hpp>
#include <cachekit/redis.hpp>

#include <atomic>
#include <chrono>
#include <string>

namespace cachekit::test {

struct Article {
  struct Codec {
    static constexpr CodecId id = CodecId::raw;
    static std::string encode(const Article& article) { return article.text; }
    static Result<Article> decode(std::string_view bytes) { return Article{std::string(bytes)}; }
  };
  static constexpr std::string_view cache_prefix = "article";
  using cache_codec = Codec;

  std::string text{};
};

struct MemoryRig {
  InMemoryBackend backend{};
};

struct RedisRig {
  RedisServer server{};
  RedisBackend backend{{.host = server.host(), .port = server.port()}};
};

struct MemcachedRig {
  MemcachedServer server{};
  MemcachedBackend backend{{.servers = {server.endpoint()}}};
};

/// An expander over a rig's backend, and a source that counts how often it is asked.
template <typename Rig>
struct Subject : Rig {
  // Generous, so that a busy machine is no fault of the cache.
  CacheExpander expander{this->backend, {.cache_timeout = std::chrono::seconds(10)}};
  std::atomic<int> asked{0};
  std::string text = "first";

  [[nodiscard]] Result<Fetched<Article>> fetch(CacheExpander& through,
                                               const FetchOptions& options = {}) {
    const auto loader = [this] {
      ++asked;
      return Article{text};
    };
    return through.fetch<Article>(1, loader, options);
  }
  [[nodiscard]] Result<Fetched<Article>> fetch(const FetchOptions& options = {}) {
    return fetch(expander, options);
  }
};

}  // namespace cachekit::test
