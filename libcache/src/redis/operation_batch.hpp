#pragma once

#include "core/out_of_memory.hpp"
#include "net/large_keys.hpp"
#include "net/routing/split_batch.hpp"
#include "redis/commands.hpp"
#include "redis/value_sizes.hpp"

#include <cachekit/driver.hpp>
#include <cachekit/error.hpp>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace cachekit::redis {

/// Operations of one kind as a dispatcher wants them: a pipeline for each node.
///
/// Single GETs instead of MGET: MGET answers nil for a key of another type, and an error must not
/// look like a miss. Lifetime: of the batch and `large`, longer.
template <typename Operation>
class OperationBatch final : public net::SplitBatch {
 public:
  OperationBatch(const BatchOf<Operation>& batch, Fence fence, net::LargeKeys& large) noexcept
      : batch_(batch), fence_(fence), large_(large) {}

  [[nodiscard]] std::size_t size() const noexcept override { return batch_.operations.size(); }
  [[nodiscard]] std::string_view key(std::size_t position) const noexcept override {
    return key_of(batch_.operations[position]);
  }
  [[nodiscard]] std::size_t bytes(std::size_t position) const noexcept override {
    return wire_bytes_of(batch_.operations[position], fence_);
  }
  [[nodiscard]] std::unique_ptr<net::Request> request(std::span<const std::size_t> positions,
                                                      bool /*prelude*/) override {
    auto request = std::make_unique<Pipeline>(idempotent_of<Operation>, Said::replies);
    std::size_t wire_bytes = 0;
    for (const std::size_t position : positions) wire_bytes += bytes(position);
    request->reserve(positions.size() * Said::replies, wire_bytes);
    for (const std::size_t position : positions) {
      const Operation& operation = batch_.operations[position];
      note_stored(large_, operation);
      add_operation(*request, operation, fence_);
      if (expects_large(large_, operation)) request->expect_large();
    }
    return request;
  }
  /// What has its replies has its outcome, although the connection broke behind them.
  void deliver(net::Request& request, std::size_t index, std::size_t position,
               const Result<void>& outcome, const net::Node& node) override {
    std::span<RedisReply> replies(static_cast<Pipeline&>(request).replies());
    try {
      if (!outcome && replies.size() < (index + 1) * Said::replies) {
        return refuse(position, Error(outcome.error()));
      }
      replies = replies.subspan(index * Said::replies, Said::replies);
      auto& value = batch_.outcomes[position];
      value = Said::value_of(std::move(telling(replies)), node.endpoint());
      note_fetched(large_, batch_.operations[position], value);
    } catch (const std::exception&) {
      refuse(position, out_of_memory(in_doubt<Operation>));
    }
  }
  void refuse(std::size_t position, Error error) override {
    batch_.outcomes[position] = fail(std::move(error));
  }

 private:
  using Said = Command<Operation>;

  // Of the replies to one operation, the one that tells what came of it.
  [[nodiscard]] static RedisReply& telling(std::span<RedisReply> replies) noexcept {
    const auto error = std::ranges::find_if(replies, &RedisReply::is_error);
    return error == replies.end() ? replies.back() : *error;
  }

  const BatchOf<Operation> batch_;
  const Fence fence_;
  net::LargeKeys& large_;
};

}  // namespace cachekit::redis
