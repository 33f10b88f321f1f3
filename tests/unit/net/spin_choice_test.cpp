// Whether a lone caller sleeps or looks for its reply, decided by what each took.

#include "net/spin_choice.hpp"

#include "support/catch.hpp"

#include <chrono>

using cachekit::net::SpinChoice;
using namespace std::chrono_literals;

namespace {

// How long a wait takes, this way or that.
struct Machine {
  SpinChoice::Duration sleep;
  SpinChoice::Duration look;
};

struct Waited {
  int looks = 0;
  SpinChoice::Duration time{};
};

Waited wait(SpinChoice& choice, const Machine& machine, int times) {
  Waited waited;
  for (int i = 0; i < times; ++i) {
    const bool looks = choice.next() == SpinChoice::Way::look;
    const auto took = looks ? machine.look : machine.sleep;
    choice.note(took);
    if (looks) ++waited.looks;
    waited.time += took;
  }
  return waited;
}

constexpr Machine idle{.sleep = 65us, .look = 22us};
constexpr Machine busy{.sleep = 90us, .look = 3ms};
constexpr Machine distant{.sleep = 1ms, .look = 1050us};

}  // namespace

TEST_CASE("where looking is faster, nearly all look", "[net][wait]") {
  SpinChoice choice;
  wait(choice, idle, 100);
  CHECK(wait(choice, idle, 10'000).looks > 9'800);
}

TEST_CASE("where others use the processor, trying it costs next to nothing", "[net][wait]") {
  SpinChoice choice;
  const auto waited = wait(choice, busy, 100'000);
  CHECK(waited.time < 100'000 * busy.sleep * 103 / 100);
}

TEST_CASE("for a distant server nobody looks", "[net][wait]") {
  SpinChoice choice;
  CHECK(wait(choice, distant, 100'000).looks == 0);
}

TEST_CASE("a machine that becomes busy, or idle, is noticed soon", "[net][wait]") {
  SpinChoice choice;
  wait(choice, idle, 10'000);
  CHECK(wait(choice, busy, 100).looks < 30);
  CHECK(wait(choice, busy, 10'000).looks < 100);
  wait(choice, idle, 20'000);
  CHECK(wait(choice, idle, 10'000).looks > 9'800);
}

TEST_CASE("a server that moves away is no longer looked for", "[net][wait]") {
  SpinChoice choice;
  wait(choice, idle, 10'000);
  CHECK(wait(choice, distant, 200).looks < 100);
  CHECK(wait(choice, distant, 10'000).looks < 50);
}
