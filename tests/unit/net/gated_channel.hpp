#pragma once

#include "line_protocol.hpp"
#include "net/channel.hpp"
#include "net/mux/async_state.hpp"
#include "support/gate.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>

namespace cachekit::test {

/// Lets nobody in before its gate is open. An attempt to connect may outlive the channel.
class GatedProtocol final : public net::Protocol {
 public:
  explicit GatedProtocol(std::shared_ptr<Gate> gate) : gate_(std::move(gate)) {}
  [[nodiscard]] std::unique_ptr<net::Session> make_session() const override {
    return std::make_unique<LineSession>();
  }
  [[nodiscard]] Result<void> handshake(net::Connection&, Deadline) const override {
    if (gate_->wait()) return {};
    return fail(Errc::unavailable, "the gate did not open");
  }

 private:
  std::shared_ptr<Gate> gate_;
};

struct OwnedLine final : public LineRequest {
  using LineRequest::LineRequest;
  [[nodiscard]] Result<std::string> take(const Result<void>& outcome) {
    if (!outcome) return fail(outcome.error());
    return answer;
  }
  void release_bytes() noexcept {}
};

/// A channel whose first connection is made once the gate is open.
struct GatedChannel {
  explicit GatedChannel(const net::Address& address, net::CombinerOptions combiner = {})
      : channel({.address = address, .combiner = combiner}, std::make_shared<GatedProtocol>(gate)) {
  }

  struct How {
    bool replay = true;
    std::chrono::milliseconds budget = std::chrono::seconds(20);
    std::stop_token stop{};
  };
  using Told = std::function<void(const Result<std::string>&)>;
  /// `told` runs once it is settled, on the thread that found out.
  [[nodiscard]] Pending<std::string> ask(
      const std::string& line, How how, Told told = [](const auto&) {}) {
    auto* const state = new net::AsyncState<std::string, OwnedLine>(
        Deadline::after(how.budget), std::move(told), line, how.replay);
    state->stop_with(std::move(how.stop));
    channel.start(*state);
    return Pending<std::string>(state);
  }
  [[nodiscard]] Pending<std::string> ask(const std::string& line) { return ask(line, How{}); }

  std::shared_ptr<Gate> gate = std::make_shared<Gate>();
  net::Channel channel;
};

/// Takes all that comes and says nothing.
inline void swallow(const Descriptor& connection) {
  while (!read_some(connection).empty()) {
  }
}

/// As `echo`, for lines that come many at once.
inline void repeat(const Descriptor& connection) {
  for (std::string bytes = read_some(connection); !bytes.empty(); bytes = read_some(connection)) {
    if (!write_all(connection, bytes)) return;
  }
}

}  // namespace cachekit::test
