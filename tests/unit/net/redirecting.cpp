#include "redirecting.hpp"

#include <algorithm>

namespace cachekit::test {
namespace {

class LinesSession final : public net::Session {
 public:
  void feed(std::string_view bytes) override { buffer_ += bytes; }
  [[nodiscard]] Result<bool> advance(net::Request& request) override {
    for (auto end = buffer_.find('\n'); end != std::string::npos; end = buffer_.find('\n')) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      if (static_cast<Lines&>(request).take(std::move(line))) return true;
    }
    return false;
  }
  [[nodiscard]] bool idle() const override { return buffer_.empty(); }

 private:
  std::string buffer_;
};

struct OwnedLines final : public Lines {
  OwnedLines(std::string line, bool replay) : Lines({line}, replay), key(std::move(line)) {}
  [[nodiscard]] Result<std::string> take(const Result<void>& outcome) {
    if (!outcome) return fail(outcome.error());
    return answer();
  }
  using Lines::take;
  void release_bytes() noexcept {}

  const std::string key;
};

net::Address here(std::string_view port) {
  return {.host = "127.0.0.1", .port = static_cast<std::uint16_t>(std::stoi(std::string(port)))};
}

}  // namespace

Result<void> Lines::encode(const net::Session&, std::string& out) {
  answers_.clear();
  to_come_ = lines_.size() * (prelude_ ? 2 : 1);
  for (const std::string& line : lines_) {
    if (prelude_) out += "asking\n";
    out += line + "\n";
  }
  return {};
}

bool Lines::take(std::string line) {
  const bool of_prelude = prelude_ && to_come_ % 2 == 0;
  if (!of_prelude) answers_.push_back(std::move(line));
  return --to_come_ == 0;
}

std::unique_ptr<net::Request> Lines::abandoned() const {
  auto rest = std::make_unique<Lines>(lines_);
  rest->to_come_ = to_come_;
  return rest;
}

bool Lines::refused(std::size_t command) const noexcept {
  const std::string& said = answers_[command];
  return said.starts_with("MOVED ") || said.starts_with("ASK ") || said == "LATER";
}

std::unique_ptr<net::Session> LinesProtocol::make_session() const {
  return std::make_unique<LinesSession>();
}

LineServer::LineServer(Answer answer)
    : server_([this, answer = std::move(answer)](Peer& peer) {
        while (true) {
          std::string line = peer.read_line();
          line.pop_back();
          {
            const std::lock_guard lock(mutex_);
            lines_.push_back(line);
          }
          const std::string said = answer(line);
          if (said.empty()) return;
          peer.send(said + "\n");
        }
      }) {}

std::vector<std::string> LineServer::lines() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

FollowingRouter::FollowingRouter()
    : nodes([](const net::Address& address) {
        return std::make_shared<net::Node>(net::ChannelOptions{.address = address},
                                           std::make_shared<LinesProtocol>());
      }) {}

void FollowingRouter::own(const std::string& key, const net::Address& address) {
  const std::lock_guard lock(mutex_);
  owners_[key] = address;
}

net::NodeRef FollowingRouter::node_of(std::string_view key) noexcept {
  const std::lock_guard lock(mutex_);
  const auto owner = owners_.find(key);
  return owner == owners_.end() ? nullptr : nodes.at(owner->second);
}

net::Verdict FollowingRouter::judge(const net::Attempt& attempt) {
  ++judged;
  if (!attempt.outcome) {
    return on_failure ? on_failure(attempt.outcome.error()) : net::Verdict::deliver();
  }
  const std::string& said = static_cast<const Lines&>(attempt.request).answer(attempt.command);
  if (said == "LATER") return net::Verdict::retry(pause, said);
  const bool ask = said.starts_with("ASK");
  const auto port = said.substr(said.find(' ') + 1);
  return net::Verdict::redirect(nodes.at(here(port)), ask, said);
}

Pending<std::string> Routed::start(const std::string& line, How how) {
  auto* const state = new net::AsyncState<std::string, OwnedLines>(
      Deadline::after(how.budget), [](const auto&) {}, line, how.replay);
  state->stop_with(std::move(how.stop));
  dispatcher.start(*state, router.node_of(line), state->call().key);
  return Pending<std::string>(state);
}

std::unique_ptr<net::Request> LineBatch::request(std::span<const std::size_t> positions,
                                                 bool prelude) {
  std::vector<std::string> lines;
  for (const std::size_t position : positions) lines.push_back(lines_[position]);
  auto request = std::make_unique<Lines>(std::move(lines), replay_);
  request->redirected({}, prelude);
  return request;
}

void LineBatch::deliver(net::Request& request, std::size_t index, std::size_t position,
                        const Result<void>& outcome, const net::Node&) {
  if (outcome) {
    outcomes[position] = static_cast<Lines&>(request).answer(index);
  } else {
    outcomes[position] = fail(outcome.error());
  }
}

}  // namespace cachekit::test
