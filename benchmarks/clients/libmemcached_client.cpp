#include "clients/libmemcached_client.hpp"

#include "harness/failure.hpp"

#include <cstdlib>
#include <ctime>
#include <initializer_list>
#include <utility>

namespace cachekit::bench {
namespace {

[[noreturn]] void fail(const memcached_st* client, memcached_return_t code) {
  throw BenchFailure(memcached_strerror(client, code));
}

void get_checked(memcached_st* client, std::string_view key, std::size_t expected_size) {
  struct Release {
    void operator()(char* text) const noexcept { std::free(text); }
  };
  std::size_t size = 0;
  std::uint32_t flags = 0;
  memcached_return_t code = MEMCACHED_SUCCESS;
  const std::unique_ptr<char, Release> value(
      memcached_get(client, key.data(), key.size(), &size, &flags, &code));
  if (code != MEMCACHED_SUCCESS) fail(client, code);
  check_value(key, {value.get(), size}, expected_size);
}

}  // namespace

namespace libmemcached {

Handle open(const std::string& host, std::uint16_t port) {
  Handle handle(memcached_create(nullptr));
  if (!handle) throw BenchFailure("out of memory");
  using Setting = std::pair<memcached_behavior_t, std::uint64_t>;
  for (const auto& [behavior, value] :
       {Setting{MEMCACHED_BEHAVIOR_TCP_NODELAY, 1}, Setting{MEMCACHED_BEHAVIOR_NO_BLOCK, 0},
        Setting{MEMCACHED_BEHAVIOR_BINARY_PROTOCOL, 0}}) {
    const memcached_return_t code = memcached_behavior_set(handle.get(), behavior, value);
    if (code != MEMCACHED_SUCCESS) fail(handle.get(), code);
  }
  const memcached_return_t code = memcached_server_add(handle.get(), host.c_str(), port);
  if (code != MEMCACHED_SUCCESS) fail(handle.get(), code);
  return handle;
}

}  // namespace libmemcached

LibmemcachedClient::LibmemcachedClient(const std::string& host, std::uint16_t port)
    : handle_(libmemcached::open(host, port)) {}

void LibmemcachedClient::get(std::string_view key, std::size_t size) {
  get_checked(handle_.get(), key, size);
}

class LibmemcachedPool::PooledConnection {
 public:
  explicit PooledConnection(LibmemcachedPool& owner) : pool_(owner.pool_) {
    memcached_return_t code = MEMCACHED_SUCCESS;
    timespec patience{.tv_sec = 60, .tv_nsec = 0};
    client_ = memcached_pool_fetch(pool_, &patience, &code);
    if (client_ == nullptr) fail(owner.master_.get(), code);
  }
  ~PooledConnection() { memcached_pool_release(pool_, client_); }
  PooledConnection(const PooledConnection&) = delete;
  PooledConnection& operator=(const PooledConnection&) = delete;

  [[nodiscard]] memcached_st* client() const noexcept { return client_; }

 private:
  memcached_pool_st* pool_;
  memcached_st* client_;
};

LibmemcachedPool::LibmemcachedPool(const std::string& host, std::uint16_t port,
                                   std::uint32_t connections)
    : master_(libmemcached::open(host, port)),
      pool_(memcached_pool_create(master_.get(), connections, connections)) {
  if (pool_ == nullptr) throw BenchFailure("memcached_pool_create failed");
}

LibmemcachedPool::~LibmemcachedPool() { memcached_pool_destroy(pool_); }

void LibmemcachedPool::get(std::string_view key, std::size_t size) {
  const PooledConnection lease(*this);
  get_checked(lease.client(), key, size);
}

}  // namespace cachekit::bench
