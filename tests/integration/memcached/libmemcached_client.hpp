#pragma once

#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include <libmemcached/memcached.h>

namespace cachekit::test {

/// What another program uses: libmemcached with weighted ketama.
class LibmemcachedClient {
 public:
  LibmemcachedClient() : handle_(memcached_create(nullptr)) {
    check(memcached_behavior_set(handle_, MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED, 1));
  }
  ~LibmemcachedClient() { memcached_free(handle_); }
  LibmemcachedClient(const LibmemcachedClient&) = delete;
  LibmemcachedClient& operator=(const LibmemcachedClient&) = delete;

  void add(const std::string& host, std::uint16_t port, std::uint32_t weight) {
    check(memcached_server_add_with_weight(handle_, host.c_str(), port, weight));
  }
  void add_socket(const std::string& path) {
    check(memcached_server_add_unix_socket_with_weight(handle_, path.c_str(), 1));
  }

  /// "host:port", or the socket's path, as libmemcached's own client chooses.
  [[nodiscard]] std::string server_of(std::string_view key) {
    memcached_return_t error = MEMCACHED_SUCCESS;
    const auto* server = memcached_server_by_key(handle_, key.data(), key.size(), &error);
    if (server == nullptr) throw std::runtime_error("libmemcached finds no server for a key");
    const std::string name = memcached_server_name(server);
    if (name.starts_with('/')) return name;
    const std::string port = std::to_string(memcached_server_port(server));
    return (name.find(':') == std::string::npos ? name : "[" + name + "]") + ":" + port;
  }

  void set(std::string_view key, std::string_view value) {
    check(memcached_set(handle_, key.data(), key.size(), value.data(), value.size(), 0, 0));
  }
  [[nodiscard]] std::optional<std::string> get(std::string_view key) {
    std::size_t size = 0;
    std::uint32_t flags = 0;
    memcached_return_t error = MEMCACHED_SUCCESS;
    char* value = memcached_get(handle_, key.data(), key.size(), &size, &flags, &error);
    if (error != MEMCACHED_SUCCESS) return std::nullopt;
    std::string copy(value == nullptr ? "" : value, size);
    std::free(value);
    return copy;
  }

 private:
  void check(memcached_return_t outcome) const {
    if (outcome != MEMCACHED_SUCCESS)
      throw std::runtime_error(memcached_strerror(handle_, outcome));
  }

  memcached_st* handle_;
};

}  // namespace cachekit::test
