#pragma once

#include "support/catch.hpp"
#include "unit/expander/faulty_backend.hpp"

#include <cachekit/expander.hpp>
#include <cachekit/virtual_runtime.hpp>

#include <optional>
#include <stdexcept>
#include <string>

/// An entity that says by its members how it is cached.
struct User {
  struct Codec {
    static constexpr cachekit::CodecId id = cachekit::CodecId{200};
    static std::string encode(const User& user) {
      if (user.name == "cannot be encoded") throw std::runtime_error("no such letter");
      return "name=" + user.name;
    }
    static cachekit::Result<User> decode(std::string_view bytes) {
      if (!bytes.starts_with("name=")) {
        return cachekit::fail(cachekit::Errc::decode, "a user begins with name=");
      }
      if (bytes == "name=throws") throw std::runtime_error("no such letter");
      return User{std::string(bytes.substr(5))};
    }
  };
  static constexpr std::string_view cache_prefix = "user";
  using cache_codec = Codec;
  static constexpr std::uint32_t cache_schema = 3;

  std::string name{};
};

/// The source of users, and how often it was asked.
struct Source {
  std::optional<std::string> name = "Ada";
  int asked = 0;

  [[nodiscard]] auto loader() {
    return [this]() -> std::optional<User> {
      ++asked;
      if (!name) return std::nullopt;
      return User{*name};
    };
  }
};

/// What most tests start from.
struct Fixture {
  cachekit::VirtualRuntime runtime{};
  FaultyBackend backend{};
  // TTLs are exactly what tests say.
  cachekit::CacheExpander expander{backend, {.policy = {.jitter = 0}, .runtime = &runtime}};
  Source source{};

  [[nodiscard]] cachekit::Result<cachekit::Fetched<User>> fetch(
      const cachekit::FetchOptions& options = {}) {
    return expander.fetch<User>(1, source.loader(), options);
  }
  [[nodiscard]] cachekit::Result<cachekit::Fetched<User>> fetch(cachekit::Strategy strategy) {
    return fetch(cachekit::FetchOptions{.strategy = strategy});
  }
};

/// Whether a simulated caller was given what he must not be: nothing, or a user whose name is a
/// version below `known`; below `stored`, if it is the cache's. Says of an error what it is.
[[nodiscard]] inline bool is_outdated(const cachekit::Result<cachekit::Fetched<User>>& fetched,
                                      int known, int stored) {
  if (!fetched || !*fetched) {
    UNSCOPED_INFO((fetched ? "no value" : fetched.error().describe()));
    return true;
  }
  const bool from_cache = fetched->origin == cachekit::Origin::cache &&
                          fetched->waited_for == cachekit::WaitedFor::nobody;
  return std::stoi((*fetched)->name) < (from_cache ? stored : known);
}
