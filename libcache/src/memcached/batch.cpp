#include "memcached/batch.hpp"

#include "memcached/dialect.hpp"
#include "memcached/session.hpp"

#include <algorithm>
#include <deque>
#include <string>
#include <utility>

namespace cachekit::memcached {
namespace {

// Lets replies go by that nobody waits for. It keeps what a decoder may compare a reply with.
class Discarded final : public CommandRequest {
 public:
  void add(const Command& command) {
    keys_.emplace_back(command.key);  // A deque: earlier keys stay where they are.
    commands_.push_back({.verb = command.verb,
                         .key = keys_.back(),
                         .condition = command.condition,
                         .version = command.version,
                         .versioned = command.versioned});
  }

  [[nodiscard]] Result<void> encode(const net::Session&, std::string&) override { return {}; }
  [[nodiscard]] bool idempotent() const noexcept override { return false; }
  [[nodiscard]] std::unique_ptr<net::Request> abandoned() const override {
    auto rest = std::make_unique<Discarded>();
    for (std::size_t i = answered_; i < commands_.size(); ++i) rest->add(commands_[i]);
    return rest;
  }
  [[nodiscard]] const Command* pending() const noexcept override {
    return answered_ < commands_.size() ? &commands_[answered_] : nullptr;
  }
  void answer(Result<Reply>&&) override { ++answered_; }

 private:
  std::deque<std::string> keys_;
  std::vector<Command> commands_;
  std::size_t answered_ = 0;
};

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

std::unique_ptr<net::Request> SingleCommand::abandoned() const {
  auto rest = std::make_unique<Discarded>();
  rest->add(command_);
  return rest;
}

bool SingleCommand::large() const noexcept {
  return large_ || command_.value.size() > net::large_bytes;
}

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

// What could not be said to the peer was not sent either.
bool Batch::idempotent() const noexcept {
  for (std::size_t i = 0; i < commands_.size(); ++i) {
    const bool sent = sent_.empty() || sent_[i];
    if (sent && !is_read(commands_[i].verb)) return false;
  }
  return true;
}

const Command* Batch::pending() const noexcept {
  return answered_ < commands_.size() ? &commands_[answered_] : nullptr;
}

std::unique_ptr<net::Request> Batch::abandoned() const {
  auto rest = std::make_unique<Discarded>();
  for (std::size_t i = answered_; i < commands_.size(); ++i) {
    if (sent_[i]) rest->add(commands_[i]);
  }
  return rest;
}

bool Batch::large() const noexcept {
  std::size_t bytes = 0;
  for (const Command& command : commands_) bytes += command.value.size();
  return large_ || bytes > net::large_bytes || commands_.size() > net::large_commands;
}

void Batch::answer(Result<Reply>&& reply) {
  replies_[answered_] = std::move(reply);
  ++answered_;
  skip_unsendable();
  answered_at_ = clock::now();
}

void Batch::fail_sent(const Error& error) {
  replies_.resize(commands_.size());
  for (std::size_t i = 0; i < commands_.size(); ++i) {
    if (sent_.empty() || sent_[i]) replies_[i] = fail(Error(error));
  }
}

std::chrono::microseconds Batch::round_trip() const noexcept {
  return std::chrono::duration_cast<std::chrono::microseconds>(answered_at_ - encoded_at_);
}

void Batch::skip_unsendable() {
  while (answered_ < commands_.size() && !sent_[answered_]) ++answered_;
}

}  // namespace cachekit::memcached
