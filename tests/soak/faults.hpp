#pragma once

#include "support/fault_proxy.hpp"
#include "support/reply_stream.hpp"
#include "support/servers.hpp"
#include "tally.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace cachekit::soak {

/// Changes each time the server loses all it holds: what was true before may not be so after.
/// Threads: any.
class Epoch {
 public:
  [[nodiscard]] std::uint64_t now() const noexcept { return number_.load(); }
  void end() noexcept { ++number_; }

 private:
  std::atomic<std::uint64_t> number_{0};
};

/// Does something bad to a server or to the way to it, for a short time, chosen by a seed.
/// Threads: the one that started the server, which dies with it.
class FaultInjector {
 public:
  /// Requires: a proxy that knows this speech.
  FaultInjector(std::uint64_t seed, test::Speech speech, test::LocalServer& server,
                test::FaultProxy& proxy, Epoch& epoch, Tally& tally);

  /// Chooses the next fault; gives its name.
  const char* choose();
  /// That fault, from its beginning to its end. Requires: `choose` before.
  void inject();

  /// The kinds of faults and how many there were of each.
  [[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> counts() const;

 private:
  struct Kind {
    const char* name;
    unsigned weight;
    void (FaultInjector::*act)();
    std::uint64_t count = 0;
  };

  [[nodiscard]] unsigned any(unsigned from, unsigned to);
  void hold_for_a_while();

  void reset();
  void close();
  void refuse();
  void hold_requests();
  void hold_replies();
  void stall();
  void cut_requests();
  void cut_replies();
  void split_bytes();
  void interject();
  void halve_requests();
  void shorten_writes();
  void hang_resolver();
  void stop_process();
  void kill_process();

  std::mt19937_64 random_;
  const test::Speech speech_;
  test::LocalServer& server_;
  test::FaultProxy& proxy_;
  Epoch& epoch_;
  Tally& tally_;
  std::array<Kind, 15> kinds_;
  Kind* chosen_ = nullptr;
};

}  // namespace cachekit::soak
