#include "clients/hiredis_client.hpp"

#include "harness/failure.hpp"

#include <array>

namespace cachekit::bench {
namespace {

// The arguments of a command, as hiredis takes them.
template <std::size_t Count>
struct Arguments {
  std::array<const char*, Count> texts;
  std::array<std::size_t, Count> sizes;
};

Arguments<2> get_command(std::string_view key) {
  return {.texts = {"GET", key.data()}, .sizes = {3, key.size()}};
}

Arguments<3> set_command(std::string_view key, std::string_view value) {
  return {.texts = {"SET", key.data(), value.data()}, .sizes = {3, key.size(), value.size()}};
}

void check_string(std::string_view key, const redisReply& reply, std::size_t size) {
  if (reply.type != REDIS_REPLY_STRING) throw BenchFailure("GET " + std::string(key) + ": a miss");
  check_value(key, {reply.str, static_cast<std::size_t>(reply.len)}, size);
}

}  // namespace

HiredisClient::HiredisClient(const std::string& host, std::uint16_t port)
    : context_(redisConnect(host.c_str(), port)) {
  if (!context_ || context_->err != 0) fail();
}

void HiredisClient::fail() const {
  throw BenchFailure(context_ ? std::string(context_->errstr) : "out of memory");
}

HiredisClient::Reply HiredisClient::next_reply() {
  void* reply = nullptr;
  if (redisGetReply(context_.get(), &reply) != REDIS_OK) fail();
  return Reply(static_cast<redisReply*>(reply));
}

void HiredisClient::get(std::string_view key, std::size_t size) {
  auto command = get_command(key);
  const Reply reply(static_cast<redisReply*>(
      redisCommandArgv(context_.get(), 2, command.texts.data(), command.sizes.data())));
  if (!reply) fail();
  check_string(key, *reply, size);
}

void HiredisClient::set(std::string_view key, std::string_view value) {
  auto command = set_command(key, value);
  const Reply reply(static_cast<redisReply*>(
      redisCommandArgv(context_.get(), 3, command.texts.data(), command.sizes.data())));
  if (!reply) fail();
  if (reply->type != REDIS_REPLY_STATUS) throw BenchFailure("SET " + std::string(key) + " failed");
}

void HiredisClient::get_many(std::span<const std::string_view> keys) {
  for (const std::string_view key : keys) {
    auto command = get_command(key);
    if (redisAppendCommandArgv(context_.get(), 2, command.texts.data(), command.sizes.data()) !=
        REDIS_OK) {
      fail();
    }
  }
  for (const std::string_view key : keys) check_string(key, *next_reply(), value_size);
}

class HiredisPool::PooledConnection {
 public:
  explicit PooledConnection(HiredisPool& pool) : pool_(pool) {
    std::unique_lock lock(pool_.mutex_);
    pool_.returned_.wait(lock, [this] { return !pool_.idle_.empty(); });
    client_ = pool_.idle_.back();
    pool_.idle_.pop_back();
  }
  ~PooledConnection() {
    {
      const std::lock_guard lock(pool_.mutex_);
      pool_.idle_.push_back(client_);
    }
    pool_.returned_.notify_one();
  }
  PooledConnection(const PooledConnection&) = delete;
  PooledConnection& operator=(const PooledConnection&) = delete;

  HiredisClient* operator->() const noexcept { return client_; }

 private:
  HiredisPool& pool_;
  HiredisClient* client_;
};

HiredisPool::HiredisPool(const std::string& host, std::uint16_t port, std::size_t connections) {
  for (std::size_t i = 0; i < connections; ++i) {
    clients_.push_back(std::make_unique<HiredisClient>(host, port));
    idle_.push_back(clients_.back().get());
  }
}

void HiredisPool::get(std::string_view key, std::size_t size) {
  PooledConnection(*this)->get(key, size);
}

void HiredisPool::set(std::string_view key, std::string_view value) {
  PooledConnection(*this)->set(key, value);
}

}  // namespace cachekit::bench
