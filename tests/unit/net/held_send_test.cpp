// A connection that breaks while one thread is inside of a write, and what others have on it; and
// how often a thread writes that has to wait for its peer.

#include "gated_channel.hpp"
#include "net/pool/dialer.hpp"
#include "support/catch.hpp"
#include "support/results.hpp"

#include <atomic>
#include <cerrno>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/socket.h>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

// Holds up what a thread sends, once.
struct HeldSend {
  Gate begun{};
  Gate go_on{};
};
thread_local HeldSend* held = nullptr;
thread_local int sends = 0;
std::atomic<int> failure{0};  // Of the next one of any thread.

}  // namespace

// Takes the place of the C library's for the whole program.
extern "C" ssize_t send(int descriptor, const void* bytes, size_t size, int flags) {
  ++sends;
  if (HeldSend* const hold = std::exchange(held, nullptr)) {
    hold->begun.open();
    static_cast<void>(hold->go_on.wait());
  }
  if (const int error = failure.exchange(0); error != 0) {
    errno = error;
    return -1;
  }
  return ::sendto(descriptor, bytes, size, flags, nullptr, 0);
}

TEST_CASE("nobody gets an answer of the next connection when the last one broke during a write",
          "[net]") {
  const LinePeer peer([](Descriptor& connection, int number) {
    if (number > 1) return repeat(connection);
    swallow(connection);
  });
  GatedChannel to(peer.address(), {.longest_silence = 50ms});
  to.gate->open();
  REQUIRE(to.channel.open(Deadline::after(5s)));
  HeldSend hold;
  auto kept = to.ask("kept");
  std::vector<Pending<std::string>> written;
  std::thread writer([&] {
    held = &hold;
    while (held != nullptr) written.push_back(to.ask("written"));  // Others may send one for it.
  });
  REQUIRE(hold.begun.wait());
  // It runs out of time, which tells that the peer is dead, while the writer is still at it.
  to.ask("short", {.budget = 100ms}, [&](const auto& outcome) {
      CHECK(code_of(outcome) == "timeout");
      hold.go_on.open();
    }).ignore();
  writer.join();
  CHECK(to.ask("next").get() == "next");
  for (auto& one : written) CHECK(one.get() == "written");
  CHECK(kept.get() == "kept");
  CHECK(to.ask("last").get() == "last");
}

TEST_CASE("an answer before all of the request is out, and no word more, lets its caller sleep",
          "[net]") {
  Gate over;
  const LinePeer peer([&](Descriptor& connection, int) {
    write_all(connection, "refused\n");
    ::shutdown(connection.get(), SHUT_WR);  // Which can be read for ever.
    static_cast<void>(over.wait());
  });
  net::Dialer dialer(peer.address(), std::make_shared<LineProtocol>());
  auto connection = dialer.open(Deadline::after(10s));
  REQUIRE(connection);
  LineRequest large(std::string(std::size_t{16} << 20U, 'x'), false);
  sends = 0;
  const auto outcome = (*connection)->exchange(large, Deadline::after(1s));
  over.open();
  CHECK(code_of(outcome) == "outcome_unknown");
  CHECK(large.answer == "refused");
  CHECK(sends < 1'000);
}

TEST_CASE("a caller does not send for others beyond its own time", "[net]") {
  const LinePeer peer([](Descriptor& connection, int) { repeat(connection); });
  GatedChannel to(peer.address());
  to.gate->open();
  REQUIRE(to.channel.open(Deadline::after(5s)));
  HeldSend hold;
  int own_sends = 0;
  const Deadline deadline = Deadline::after(5ms);
  std::thread hurried([&] {
    held = &hold;
    sends = 0;
    LineRequest small("small", true);
    static_cast<void>(to.channel.execute(small, deadline));
    own_sends = sends;
  });
  REQUIRE(hold.begun.wait());
  // What others queue while it writes it would send along.
  std::vector<Pending<std::string>> queued;
  const std::string line(std::size_t{60} << 10U, 'x');
  for (int i = 0; i < 300; ++i) queued.push_back(to.ask(line));
  CHECK(eventually([&] { return deadline.expired(); }));
  hold.go_on.open();
  hurried.join();
  CHECK(own_sends <= 2);
  for (auto& one : queued) CHECK(one.get() == line);
}

TEST_CASE("what the kernel would not send goes out on the next connection", "[net]") {
  const int error = GENERATE(ENOBUFS, ENOMEM, EHOSTUNREACH);
  const LinePeer peer([](Descriptor& connection, int) { repeat(connection); });
  GatedChannel to(peer.address());
  to.gate->open();
  REQUIRE(to.channel.open(Deadline::after(5s)));
  CHECK(to.ask("before").get() == "before");
  failure = error;
  CHECK(to.ask("refused", {.replay = false}).get() == "refused");
  CHECK(failure == 0);
  CHECK(peer.accepted() == 2);
  CHECK(to.ask("after").get() == "after");
}
