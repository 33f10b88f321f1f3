// Requests without a caller and the thread that looks after them: their order, and who reads.

#include "gated_channel.hpp"
#include "net/mux/async_request.hpp"
#include "support/catch.hpp"
#include "support/results.hpp"

#include <algorithm>
#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

constexpr auto patience = 20s;

struct Line {
  std::string text;
  bool replay = true;
  bool large = false;
};

// A request without a caller that lies on the stack, with something to do on its way.
class Hooked final : public net::AsyncRequest {
 public:
  using Hook = std::function<void()>;
  explicit Hooked(Line line, std::chrono::milliseconds budget = patience)
      : AsyncRequest(line_, Deadline::after(budget)),
        line_(std::move(line.text), line.replay, line.large) {}
  ~Hooked() override {
    CHECK(eventually([&] { return holds_ == 0; }));
  }

  Hook on_hold = [] {};
  Hook on_conclude = [] {};

  [[nodiscard]] std::string how() {
    if (!settled()) return "under way";
    return outcome() ? line_.answer : code_of(outcome());
  }

 private:
  void hold() noexcept override {
    ++holds_;
    on_hold();
  }
  void release_self() noexcept override { --holds_; }
  void conclude() noexcept override { on_conclude(); }
  void announce() noexcept override {}

  LineRequest line_;
  std::atomic<int> holds_{0};  // It may be looked at for a while after it is settled.
};

// Writes down what it hears, and answers with `answer`.
class Scribe {
 public:
  using Answer = std::function<void(Descriptor& connection, const std::string& line)>;
  explicit Scribe(Answer answer) : answer_(std::move(answer)) {}

  void serve(Descriptor& connection) {
    std::string bytes;
    while (true) {
      const std::string more = read_some(connection);
      if (more.empty()) return;
      bytes += more;
      for (auto end = bytes.find('\n'); end != std::string::npos; end = bytes.find('\n')) {
        const std::string line = bytes.substr(0, end);
        bytes.erase(0, end + 1);
        {
          const std::lock_guard lock(mutex_);
          words_.push_back(line);
        }
        answer_(connection, line);
      }
    }
  }
  [[nodiscard]] std::vector<std::string> heard() {
    const std::lock_guard lock(mutex_);
    return words_;
  }
  [[nodiscard]] bool has_heard(const std::string& line) {
    return eventually([&] { return std::ranges::count(heard(), line) > 0; });
  }

 private:
  Answer answer_;
  std::mutex mutex_;  // guards words_
  std::vector<std::string> words_;
};

void answer(Descriptor& connection, const std::string& line) { write_all(connection, line + "\n"); }

// Serves each connection on a thread of its own.
class SideBySide {
 public:
  explicit SideBySide(Scribe& scribe)
      : peer_(std::in_place, [this, &scribe](Descriptor& connection, int) {
          threads_.emplace_back(
              [&scribe, mine = std::move(connection)]() mutable { scribe.serve(mine); });
        }) {}
  ~SideBySide() {
    peer_.reset();
    for (auto& thread : threads_) thread.join();
  }
  SideBySide(const SideBySide&) = delete;
  SideBySide& operator=(const SideBySide&) = delete;
  [[nodiscard]] net::Address address() const { return peer_->address(); }

 private:
  std::vector<std::thread> threads_;
  std::optional<LinePeer> peer_;
};

// Takes no more requests once a peer has answered "last".
class RetiringSession final : public net::Session {
 public:
  void feed(std::string_view bytes) override {
    retiring_ = retiring_ || bytes.find("last") != std::string_view::npos;
    lines_.feed(bytes);
  }
  [[nodiscard]] Result<bool> advance(net::Request& request) override {
    return lines_.advance(request);
  }
  [[nodiscard]] bool idle() const override { return lines_.idle(); }
  [[nodiscard]] bool retiring() const noexcept override { return retiring_; }

 private:
  LineSession lines_;
  bool retiring_ = false;
};

class RetiringProtocol final : public net::Protocol {
 public:
  [[nodiscard]] std::unique_ptr<net::Session> make_session() const override {
    return std::make_unique<RetiringSession>();
  }
  [[nodiscard]] Result<void> handshake(net::Connection&, Deadline) const override { return {}; }
};

}  // namespace

TEST_CASE("to cancel a request lets none overtake those that are being handed over", "[net]") {
  Scribe scribe(answer);
  {
    const LinePeer peer([&](Descriptor& connection, int) { scribe.serve(connection); });
    GatedChannel to(peer.address());
    Hooked first({"first", false});
    Hooked second({"second", false});
    Hooked third({"third", false});
    Hooked fourth({"fourth", false});
    Gate reached;
    Gate go_on;
    int holds = 0;  // Once when it starts, then when it leaves the line.
    second.on_hold = [&] {
      if (++holds != 2) return;
      reached.open();
      CHECK(go_on.wait());
    };
    for (Hooked* request : {&first, &second, &third}) to.channel.start(*request);
    to.gate->open();
    REQUIRE(reached.wait());
    third.cancel();
    to.channel.start(fourth);
    go_on.open();
    for (Hooked* request : {&first, &second, &third, &fourth}) request->wait();
    CHECK(third.how() == "cancelled");
    CHECK(fourth.how() == "fourth");
  }
  CHECK(scribe.heard() == std::vector<std::string>{"first", "second", "fourth"});
}

TEST_CASE("a large request goes once the late reply is there that its thread has to let pass",
          "[net]") {
  Gate given_up;
  Scribe scribe([&](Descriptor& connection, const std::string& line) {
    if (line == "slow") CHECK(given_up.wait());
    answer(connection, line);
  });
  SideBySide peer(scribe);
  net::Channel channel({.address = peer.address()}, std::make_shared<LineProtocol>());
  LineRequest slow("slow", false);
  CHECK(code_of(channel.execute(slow, Deadline::after(20ms))) == "outcome_unknown");
  LineRequest large("large", false, true);
  std::thread asking([&] { given_up.open(); });
  const auto done = channel.execute(large, Deadline::after(patience));
  asking.join();
  CHECK(done);
  CHECK(large.answer == "large");
}

TEST_CASE("who waited for a while is told of what becomes of its request as it stops", "[net]") {
  Gate reading;
  Gate lost;
  const LinePeer peer([](Descriptor& connection, int) {
    write_all(connection, read_line(connection) + "\n");
    swallow(connection);
  });
  net::Channel channel({.address = peer.address(), .combiner = {.longest_silence = 30ms}},
                       std::make_shared<LineProtocol>());
  Hooked answered({"answered"});
  Hooked mine({"mine", false});
  // The thread that waits for `mine` is held up here until the peer has been given up on.
  answered.on_conclude = [&] {
    reading.open();
    CHECK(lost.wait());
  };
  channel.start(answered);
  channel.start(mine);
  std::thread other([&] {
    CHECK(reading.wait());
    LineRequest silent("silent");
    CHECK_FALSE(channel.execute(silent, Deadline::after(100ms)));
    lost.open();
  });
  static_cast<void>(mine.wait(Deadline::after(1ms)));
  other.join();
  mine.wait();
  CHECK(mine.how() == "outcome_unknown");
}

TEST_CASE("a peer that takes bytes is not silent", "[net]") {
  constexpr std::size_t whole = std::size_t{32} << 20U;
  Gate given_up;
  const LinePeer peer([&](Descriptor& connection, int) {
    std::size_t taken = 0;
    for (bool over = false; !over;) {
      const std::string more = read_some(connection);
      if (more.empty()) return;
      taken += more.size();
      over = more.back() == '\n';
      // So slowly that the other one gives up before the end.
      if (taken < whole / 2 && !given_up.wait(0s)) std::this_thread::sleep_for(10ms);
    }
    write_all(connection, "stored\n");
    swallow(connection);
  });
  net::Channel channel({.address = peer.address(), .combiner = {.longest_silence = 1s}},
                       std::make_shared<LineProtocol>());
  Hooked upload({std::string(whole, 'x'), false, true});
  channel.start(upload);
  upload.read_on_its_own(true);
  std::thread other([&] {
    Hooked behind({"behind", true, true}, 1500ms);
    channel.start(behind);
    behind.wait();
    CHECK(behind.how() == "timeout");
    given_up.open();
  });
  other.join();
  upload.wait();
  upload.read_on_its_own(false);
  CHECK(upload.how() == "stored");
}

TEST_CASE("a caller does not wait for replies that nobody reads", "[net]") {
  Gate waits;
  Scribe scribe([&](Descriptor& connection, const std::string& line) {
    if (line == "held") CHECK(waits.wait());
    answer(connection, line);
  });
  SideBySide peer(scribe);
  net::Channel channel({.address = peer.address(), .max_connections = 1},
                       std::make_shared<RetiringProtocol>());
  Hooked last({"last"});
  Hooked held({"held"});
  Hooked behind({"behind"});
  for (Hooked* request : {&last, &held, &behind}) channel.start(*request);
  last.wait();
  std::thread reading([&] { held.wait(); });
  CHECK(scribe.has_heard("held"));
  std::thread opening([&] { waits.open(); });
  std::thread asking([&] {
    LineRequest next("next");
    CHECK(channel.execute(next, Deadline::after(patience)));
    CHECK(next.answer == "next");
  });
  asking.join();
  opening.join();
  reading.join();
  behind.wait();
  CHECK(behind.how() == "behind");
}
