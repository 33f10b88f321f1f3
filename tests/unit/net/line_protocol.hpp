#pragma once

#include "net/protocol.hpp"
#include "net/request.hpp"
#include "net/transport/address.hpp"
#include "support/loopback.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace cachekit::test {

/// The smallest protocol there is: one line asks, one line answers.
class LineSession final : public net::Session {
 public:
  void feed(std::string_view bytes) override { buffer_ += bytes; }
  [[nodiscard]] Result<bool> advance(net::Request& request) override;
  [[nodiscard]] bool idle() const override { return buffer_.empty(); }

 private:
  std::string buffer_;
};

class LineRequest : public net::Request {
 public:
  explicit LineRequest(std::string line, bool replay = true, bool large = false)
      : line_(std::move(line)), replay_(replay), large_(large) {}

  [[nodiscard]] Result<void> encode(const net::Session&, std::string& out) override {
    answer.clear();
    if (line_.empty()) return fail(Errc::invalid_argument, "nothing to ask");
    out += line_ + "\n";
    return {};
  }
  [[nodiscard]] bool idempotent() const noexcept override { return replay_; }
  [[nodiscard]] bool large() const noexcept override { return large_; }
  [[nodiscard]] std::unique_ptr<net::Request> abandoned() const override {
    return std::make_unique<LineRequest>("gone");
  }

  std::string answer;

 private:
  std::string line_;
  bool replay_;
  bool large_;
};

inline Result<bool> LineSession::advance(net::Request& request) {
  const auto end = buffer_.find('\n');
  if (end == std::string::npos) return false;
  if (buffer_.starts_with('?')) return fail(Errc::protocol, "no line of ours");
  static_cast<LineRequest&>(request).answer = buffer_.substr(0, end);
  buffer_.erase(0, end + 1);
  return true;
}

class LineProtocol final : public net::Protocol {
 public:
  [[nodiscard]] std::unique_ptr<net::Session> make_session() const override {
    return std::make_unique<LineSession>();
  }
  [[nodiscard]] Result<void> handshake(net::Connection&, Deadline) const override { return {}; }
};

/// A peer on a loopback port: `serve` handles one accepted connection at a time, in order.
class LinePeer {
 public:
  using Serve = std::function<void(Descriptor& connection, int number)>;
  explicit LinePeer(Serve serve);
  ~LinePeer();
  LinePeer(const LinePeer&) = delete;
  LinePeer& operator=(const LinePeer&) = delete;

  [[nodiscard]] net::Address address() const { return {.host = "127.0.0.1", .port = port_}; }
  [[nodiscard]] int accepted() const noexcept { return accepted_; }

 private:
  Descriptor listener_;
  std::uint16_t port_;
  std::atomic<int> accepted_{0};
  std::thread thread_;
};

/// The next line that comes, without its end; empty when the other side closed first.
[[nodiscard]] std::string read_line(const Descriptor& connection);
/// Answers every line with itself until the other side closes.
void echo(const Descriptor& connection);

}  // namespace cachekit::test
