#pragma once

#include <cachekit/expander.hpp>
#include <cachekit/memory.hpp>
#include <cachekit/virtual_runtime.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

/// What may go wrong between processes and the server.
struct Weather {
  bool leases = true;
  bool faults = false;
};

/// A server far away: each operation takes its time to get there, and its reply to come back; some
/// get lost on the way, or their reply does.
class DistantDriver final : public cachekit::Driver {
 public:
  DistantDriver(cachekit::InMemoryBackend& server, cachekit::VirtualRuntime& runtime,
                Weather weather)
      : server_(server), runtime_(runtime), weather_(weather) {}

  [[nodiscard]] std::string_view name() const noexcept override { return "distant"; }
  [[nodiscard]] cachekit::Tier tier() const noexcept override { return cachekit::Tier::shared; }
  [[nodiscard]] std::string target() const override { return "distant:1"; }
  [[nodiscard]] cachekit::Capabilities capabilities() const override {
    return {.compare_and_set = true, .leases = weather_.leases, .max_key_bytes = 250};
  }
  [[nodiscard]] std::chrono::milliseconds default_timeout() const noexcept override {
    return std::chrono::seconds(60);
  }
  void run(const cachekit::AnyBatch& batch, cachekit::Deadline /*deadline*/) override {
    run_each(batch,
             [&]<typename Operation>(const Operation& operation) { return carry_out(operation); });
  }

 private:
  template <typename Operation>
  cachekit::Result<typename Operation::Value> carry_out(const Operation& operation) {
    travel();
    if (gets_lost()) return cachekit::fail(cachekit::Errc::timeout, "lost on the way");
    cachekit::Result<typename Operation::Value> outcome = server_.run(operation);
    travel();
    if (gets_lost()) {
      return cachekit::fail(cachekit::changes(Operation::effect) ? cachekit::Errc::outcome_unknown
                                                                 : cachekit::Errc::timeout,
                            "the reply got lost");
    }
    return outcome;
  }
  void travel() { runtime_.sleep_for(std::chrono::milliseconds(runtime_.below(4))); }
  bool gets_lost() { return weather_.faults && runtime_.below(8) == 0; }

  cachekit::InMemoryBackend& server_;
  cachekit::VirtualRuntime& runtime_;
  const Weather weather_;
};

/// A process: its own connection to the server, its own expander.
struct Process {
  Process(cachekit::InMemoryBackend& server, cachekit::VirtualRuntime& runtime, Weather weather)
      : backend(std::make_unique<DistantDriver>(server, runtime, weather)),
        expander(backend, {.policy = {.load_lease = std::chrono::seconds(10),
                                      .wait_timeout = std::chrono::hours(1),
                                      .poll_interval = std::chrono::milliseconds(5)},
                           .cache_timeout = std::chrono::seconds(1),
                           .runtime = &runtime}) {}

  cachekit::CacheBackend backend;
  cachekit::CacheExpander expander;
  int known = 0;  ///< What nobody here may read anything older than.
};
