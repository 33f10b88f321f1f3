#include "memcached/batch.hpp"

#include "memcached/dialect.hpp"
#include "memcached/session.hpp"

#include <algorithm>
#include <utility>

namespace cachekit::memcached {

Result<void> Batch::encode(const net::Session& session, std::string& out) {
  const Dialect dialect = static_cast<const MemcachedSession&>(session).dialect();
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

void Batch::answer(Result<Reply> reply) {
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
