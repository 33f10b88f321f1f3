#include "memcached/batch.hpp"

#include "memcached/dialect.hpp"
#include "memcached/session.hpp"

#include <algorithm>
#include <utility>

namespace cachekit::memcached {
namespace {

// Requests above these sizes would keep the others of a shared connection waiting noticeably.
constexpr std::size_t heavy_bytes = std::size_t{64} << 10U;
constexpr std::size_t heavy_commands = 256;

// What the decoder needs to know to let a reply go by; the caller's bytes may be gone.
Command shape_of(const Command& command) { return {.verb = command.verb}; }

Dialect dialect_of(const net::Session& session) {
  return static_cast<const MemcachedSession&>(session).dialect();
}

}  // namespace

Result<void> SingleCommand::encode(const net::Session& session, std::string& out) {
  answered_ = false;
  return memcached::encode(dialect_of(session), command_, out);
}

void SingleCommand::answer(Result<Reply>&& reply) {
  reply_ = std::move(reply);
  answered_ = true;
}

std::unique_ptr<net::Request> SingleCommand::tombstone() const {
  return std::make_unique<SingleCommand>(shape_of(command_));
}

bool SingleCommand::heavy() const noexcept { return heavy_ || command_.value.size() > heavy_bytes; }

Result<void> Batch::encode(const net::Session& session, std::string& out) {
  const Dialect dialect = dialect_of(session);
  encoded_at_ = clock::now();
  answered_ = 0;
  replies_.assign(commands_.size(), Reply{});
  sent_.assign(commands_.size(), true);
  for (std::size_t i = 0; i < commands_.size(); ++i) {
    if (Result<void> encoded = memcached::encode(dialect, commands_[i], out); !encoded) {
      replies_[i] = fail(std::move(encoded).error());
      sent_[i] = false;
    }
  }
  if (std::ranges::count(sent_, true) == 0) return fail(replies_.front().error());
  skip_unsendable();
  return {};
}

bool Batch::replayable() const noexcept {
  return std::ranges::all_of(commands_, [](const Command& c) { return is_read(c.verb); });
}

const Command* Batch::pending() const noexcept {
  return answered_ < commands_.size() ? &commands_[answered_] : nullptr;
}

std::unique_ptr<net::Request> Batch::tombstone() const {
  auto rest = std::make_unique<Batch>();
  for (std::size_t i = answered_; i < commands_.size(); ++i) {
    if (sent_[i]) rest->add(shape_of(commands_[i]));
  }
  rest->replies_.resize(rest->size());
  rest->sent_.assign(rest->size(), true);
  return rest;
}

bool Batch::heavy() const noexcept {
  std::size_t bytes = 0;
  for (const Command& command : commands_) bytes += command.value.size();
  return heavy_ || bytes > heavy_bytes || commands_.size() > heavy_commands;
}

void Batch::answer(Result<Reply>&& reply) {
  replies_[answered_] = std::move(reply);
  ++answered_;
  skip_unsendable();
  answered_at_ = clock::now();
}

std::chrono::microseconds Batch::round_trip() const noexcept {
  return std::chrono::duration_cast<std::chrono::microseconds>(answered_at_ - encoded_at_);
}

void Batch::skip_unsendable() {
  while (answered_ < commands_.size() && !sent_[answered_]) ++answered_;
}

}  // namespace cachekit::memcached
