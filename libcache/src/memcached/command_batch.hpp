#pragma once

#include "memcached/batch.hpp"
#include "memcached/cluster.hpp"
#include "net/routing/split_batch.hpp"

#include <cachekit/error.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace cachekit::memcached {

/// The commands of one call, and a place for their replies. Lifetime: of cluster and commands,
/// longer.
class CommandBatch final : public net::SplitBatch {
 public:
  CommandBatch(Cluster& cluster, std::span<const Command> commands)
      : cluster_(cluster), commands_(commands), replies_(commands.size()) {}

  [[nodiscard]] std::size_t size() const noexcept override { return commands_.size(); }
  [[nodiscard]] std::string_view key(std::size_t position) const noexcept override {
    return commands_[position].key;
  }
  [[nodiscard]] std::size_t bytes(std::size_t position) const noexcept override;
  /// No server of ours wants a prelude.
  [[nodiscard]] std::unique_ptr<net::Request> request(std::span<const std::size_t> positions,
                                                      bool prelude) override;
  void deliver(net::Request& request, std::size_t index, std::size_t position,
               const Result<void>& outcome, const net::Node& node) override;
  void refuse(std::size_t position, Error error) override;

  /// One for each command, in order. Requires: dispatched.
  [[nodiscard]] std::vector<Result<Reply>>& replies() noexcept { return replies_; }

 private:
  Cluster& cluster_;
  std::span<const Command> commands_;
  std::vector<Result<Reply>> replies_;
};

}  // namespace cachekit::memcached
