#include "memcached/command_batch.hpp"

#include <utility>

namespace cachekit::memcached {

std::size_t CommandBatch::bytes(std::size_t position) const noexcept {
  const Command& command = commands_[position];
  return sizeof command + command.key.size() + command.value.size();
}

std::unique_ptr<net::Request> CommandBatch::request(std::span<const std::size_t> positions, bool) {
  auto batch = std::make_unique<Batch>();
  for (const std::size_t position : positions) {
    batch->add(commands_[position]);
    if (cluster_.expects_large(commands_[position])) batch->expect_large();
  }
  return batch;
}

void CommandBatch::deliver(net::Request& request, std::size_t index, std::size_t position,
                           const Result<void>& outcome, const net::Node& node) {
  auto& batch = static_cast<Batch&>(request);
  if (!outcome && index == 0) batch.fail_sent(outcome.error());
  Result<Reply>& reply = replies_[position];
  reply = std::move(batch.replies()[index]);
  cluster_.note_fetched(commands_[position], reply);
  locate(reply, node.endpoint());
}

void CommandBatch::refuse(std::size_t position, Error error) {
  replies_[position] = fail(std::move(error));
}

}  // namespace cachekit::memcached
