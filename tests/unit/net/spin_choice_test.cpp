// Whether a lone caller sleeps or spins for its reply, decided by what each took.

#include "net/mux/spin_choice.hpp"

#include "support/catch.hpp"

#include <chrono>

using cachekit::net::SpinChoice;
using namespace std::chrono_literals;

namespace {

// How long a wait takes, this way or that.
struct Machine {
  SpinChoice::Duration block;
  SpinChoice::Duration spin;
};

struct Waited {
  int spins = 0;
  SpinChoice::Duration time{};
};

Waited wait(SpinChoice& choice, const Machine& machine, int times) {
  Waited waited;
  for (int i = 0; i < times; ++i) {
    const bool spins = choice.next() == SpinChoice::Way::spin;
    const auto took = spins ? machine.spin : machine.block;
    choice.note(took);
    if (spins) ++waited.spins;
    waited.time += took;
  }
  return waited;
}

constexpr Machine idle{.block = 65us, .spin = 22us};
constexpr Machine busy{.block = 90us, .spin = 3ms};
constexpr Machine distant{.block = 1ms, .spin = 1050us};

}  // namespace

TEST_CASE("where spinning is faster, nearly all spin", "[net][wait]") {
  SpinChoice choice;
  wait(choice, idle, 100);
  CHECK(wait(choice, idle, 10'000).spins > 9'800);
}

TEST_CASE("where others use the processor, trying it costs next to nothing", "[net][wait]") {
  SpinChoice choice;
  const auto waited = wait(choice, busy, 100'000);
  CHECK(waited.time < 100'000 * busy.block * 103 / 100);
}

TEST_CASE("for a distant server nobody spins", "[net][wait]") {
  SpinChoice choice;
  CHECK(wait(choice, distant, 100'000).spins == 0);
}

TEST_CASE("a machine that becomes busy, or idle, is noticed soon", "[net][wait]") {
  SpinChoice choice;
  wait(choice, idle, 10'000);
  CHECK(wait(choice, busy, 100).spins < 30);
  CHECK(wait(choice, busy, 10'000).spins < 100);
  wait(choice, idle, 20'000);
  CHECK(wait(choice, idle, 10'000).spins > 9'800);
}

TEST_CASE("a server that moves away is no longer looked for", "[net][wait]") {
  SpinChoice choice;
  wait(choice, idle, 10'000);
  CHECK(wait(choice, distant, 200).spins < 100);
  CHECK(wait(choice, distant, 10'000).spins < 50);
}
