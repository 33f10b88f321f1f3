#pragma once

#include "harness/comparison.hpp"
#include "harness/load.hpp"
#include "key_space.hpp"

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cachekit::bench {

/// What a contestant brings: a get that checks the value that came (and throws `BenchFailure`), for
/// as many threads as the row has.
template <class T>
concept Getter = requires(T client, std::string_view key, std::size_t size) {
  client.get(key, size);
};

/// Latencies of one thread. Kept one by one: the ratio of two medians shall not be that of two
/// buckets of a histogram.
class LatencyLog {
 public:
  LatencyLog() { nanoseconds_.reserve(std::size_t{1} << 18U); }

  template <class Operation>
  void time(Operation operation) {
    const auto begin = std::chrono::steady_clock::now();
    operation();
    const std::chrono::nanoseconds taken = std::chrono::steady_clock::now() - begin;
    nanoseconds_.push_back(static_cast<double>(taken.count()));
  }

  void append_to(std::vector<double>& all) const {
    all.insert(all.end(), nanoseconds_.begin(), nanoseconds_.end());
  }

 private:
  std::vector<double> nanoseconds_;
};

/// The quantile of all threads' latencies, in microseconds; 0 when there are none.
[[nodiscard]] double latency_us(const std::vector<LatencyLog>& logs, double quantile);

/// Gets of random keys, as fast as the threads can.
template <Getter Client>
Sample get_throughput(Client& client, const KeySpace& keys, std::size_t threads, Seconds slot) {
  return run_load(threads, slot,
                  [&](std::size_t thread, const StopFlag& stop) {
                    KeyPicker picker(thread);
                    return repeat(stop, [&] { client.get(picker.key(keys), value_size); });
                  })
      .throughput();
}

/// The median latency of gets of random keys.
template <Getter Client>
Sample get_p50(Client& client, const KeySpace& keys, std::size_t threads, Seconds slot) {
  std::vector<LatencyLog> logs(threads);
  const Load load = run_load(threads, slot, [&](std::size_t thread, const StopFlag& stop) {
    KeyPicker picker(thread);
    return repeat(stop,
                  [&] { logs[thread].time([&] { client.get(picker.key(keys), value_size); }); });
  });
  return load.with_figure(latency_us(logs, 0.5));
}

/// A contestant of gets by that many threads, which shares its client with nobody else.
/// `Measure` is `get_throughput` or `get_p50` of the client.
template <class Client>
Contestant contestant(std::string name, std::shared_ptr<Client> client,
                      Sample (*measure)(Client&, const KeySpace&, std::size_t, Seconds),
                      const KeySpace& keys, std::size_t threads) {
  return {std::move(name), [client = std::move(client), measure, &keys, threads](Seconds slot) {
            return measure(*client, keys, threads, slot);
          }};
}

}  // namespace cachekit::bench
