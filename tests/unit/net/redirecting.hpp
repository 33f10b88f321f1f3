#pragma once

#include "net/mux/async_state.hpp"
#include "net/protocol.hpp"
#include "net/routing/dispatcher.hpp"
#include "net/routing/node_set.hpp"
#include "support/scripted_server.hpp"

#include <cachekit/pending.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cachekit::test {

/// A protocol of lines whose servers may say "MOVED port", "ASK port" or "LATER" instead of an
/// answer. What an ASK leads to begins with the line "asking", which gets an answer of its own.
class Lines : public net::Request {
 public:
  explicit Lines(std::vector<std::string> lines, bool replay = true)
      : lines_(std::move(lines)), replay_(replay) {}

  [[nodiscard]] Result<void> encode(const net::Session&, std::string& out) override;
  [[nodiscard]] bool idempotent() const noexcept override { return replay_; }
  [[nodiscard]] std::unique_ptr<net::Request> abandoned() const override;
  [[nodiscard]] bool refused(std::size_t command) const noexcept override;
  void redirected(const std::string&, bool prelude) override { prelude_ = prelude; }

  /// Takes the next line of the server; whether it was the last.
  [[nodiscard]] bool take(std::string line);
  [[nodiscard]] const std::string& answer(std::size_t command = 0) const {
    return answers_.at(command);
  }

 private:
  std::vector<std::string> lines_;
  std::vector<std::string> answers_{};
  std::size_t to_come_ = 0;
  bool replay_;
  bool prelude_ = false;
};

class LinesProtocol final : public net::Protocol {
 public:
  [[nodiscard]] std::unique_ptr<net::Session> make_session() const override;
  [[nodiscard]] Result<void> handshake(net::Connection&, Deadline) const override { return {}; }
};

/// A server that answers each line with what `answer` makes of it; empty: it ends the connection.
class LineServer {
 public:
  using Answer = std::function<std::string(const std::string& line)>;
  explicit LineServer(Answer answer);

  [[nodiscard]] net::Address address() const {
    return {.host = "127.0.0.1", .port = server_.port()};
  }
  [[nodiscard]] std::string port() const { return std::to_string(server_.port()); }
  /// The lines that have come, in their order.
  [[nodiscard]] std::vector<std::string> lines() const;

 private:
  mutable std::mutex mutex_;  // guards lines_
  std::vector<std::string> lines_;
  ScriptedServer server_;
};

/// Knows where some keys are, and does what servers say.
class FollowingRouter final : public net::Router {
 public:
  FollowingRouter();

  [[nodiscard]] net::NodeRef node_of(std::string_view key) noexcept override;
  [[nodiscard]] bool fixed() const noexcept override { return false; }
  [[nodiscard]] net::Verdict judge(const net::Attempt& attempt) override;

  void own(const std::string& key, const net::Address& address);

  net::NodeSet nodes;
  std::chrono::milliseconds pause{5};
  std::function<net::Verdict(const Error&)> on_failure{};  ///< Of a node that cannot be asked.
  std::atomic<int> judged{0};

 private:
  std::mutex mutex_;  // guards owners_
  std::map<std::string, net::Address, std::less<>> owners_;
};

/// All that a backend would have.
struct Routed {
  ~Routed() { end(); }
  /// A request is one line; its key, the line.
  [[nodiscard]] net::Answered ask(net::Request& request, std::string_view key,
                                  std::chrono::milliseconds budget = std::chrono::seconds(20)) {
    return dispatcher.execute(request, key, Deadline::after(budget));
  }
  struct How {
    bool replay = true;
    std::chrono::milliseconds budget = std::chrono::seconds(20);
    std::stop_token stop{};
  };
  [[nodiscard]] Pending<std::string> start(const std::string& line, How how);
  [[nodiscard]] Pending<std::string> start(const std::string& line) { return start(line, How{}); }
  void end() noexcept {
    dispatcher.end();
    router.nodes.end();
  }

  FollowingRouter router{};
  net::Dispatcher dispatcher{router};
};

/// Lines of one call, each its own key.
class LineBatch final : public net::SplitBatch {
 public:
  explicit LineBatch(std::vector<std::string> lines, bool replay = true)
      : lines_(std::move(lines)), outcomes(lines_.size()), replay_(replay) {}

  [[nodiscard]] std::size_t size() const noexcept override { return lines_.size(); }
  [[nodiscard]] std::string_view key(std::size_t position) const noexcept override {
    return lines_[position];
  }
  [[nodiscard]] std::size_t bytes(std::size_t position) const noexcept override {
    return lines_[position].size();
  }
  [[nodiscard]] std::unique_ptr<net::Request> request(std::span<const std::size_t> positions,
                                                      bool prelude) override;
  void deliver(net::Request& request, std::size_t index, std::size_t position,
               const Result<void>& outcome, const net::Node& node) override;
  void refuse(std::size_t position, Error error) override {
    outcomes[position] = fail(std::move(error));
  }

 private:
  std::vector<std::string> lines_;

 public:
  std::vector<Result<std::string>> outcomes;

 private:
  bool replay_;
};

}  // namespace cachekit::test
