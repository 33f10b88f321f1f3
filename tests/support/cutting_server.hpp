#pragma once

#include "support/loopback.hpp"
#include "support/resp.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <limits>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace cachekit::test {

/// A small Redis of the tests' own. It keeps values and counters, remembers in which order it
/// carried out its SETs, and ends connections where it is told.
///
/// Threads: one of its own carries out all commands, one after the other, as Redis does; so what
/// is in the journal once an end of a connection is seen was carried out before that. The members
/// may be called from any other thread.
class CuttingServer {
 public:
  static constexpr std::size_t never = std::numeric_limits<std::size_t>::max();

  /// When a connection ends: once so many bytes of requests have been taken from it, or so many of
  /// replies have been sent. What came within these bytes is carried out.
  struct Cut {
    std::size_t requests = never;
    std::size_t replies = never;
    bool reset = false;  ///< With a RST instead of a FIN.
  };
  /// The cut of the n-th connection, counted from 0. It belongs to the server's thread.
  using Plan = std::function<Cut(std::size_t connection)>;

  /// A SET that was carried out.
  struct Stored {
    std::string key;
    std::string head;  ///< The value's first bytes.
  };
  static constexpr std::size_t head_size = 24;

  /// One that ends no connection.
  CuttingServer();
  explicit CuttingServer(Plan plan);
  ~CuttingServer();
  CuttingServer(const CuttingServer&) = delete;
  CuttingServer& operator=(const CuttingServer&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::size_t connections() const noexcept { return connections_; }
  /// Until the next `break_connections`, whoever looks up this key is told nothing any more; what
  /// it sends is carried out all the same.
  void fall_silent_at(std::string key);
  /// Whether that has come.
  [[nodiscard]] bool silent() const noexcept { return silent_; }
  /// Carries out all that has come, then ends all connections, without a further word.
  void break_connections();

  /// Each reply to a command that comes from now on is sent so much later.
  void delay_replies(std::chrono::milliseconds delay) noexcept { delay_ms_ = delay.count(); }

  [[nodiscard]] std::vector<Stored> journal() const;
  /// What a key holds; empty for a miss.
  [[nodiscard]] std::string value(const std::string& key) const;
  /// What was sent to it that is no command, or one that it does not know.
  [[nodiscard]] std::vector<std::string> failures() const;

 private:
  using clock = std::chrono::steady_clock;

  struct Late {
    clock::time_point due;
    std::string reply;
  };
  struct Link {
    Descriptor socket;
    Cut cut;
    std::string in{};
    std::string out{};
    std::deque<Late> late{};
    std::size_t taken = 0;
    std::size_t sent = 0;
    bool silent = false;
    bool over = false;
  };

  void run();
  void take_connection();
  void take_in(Link& link);
  void carry_out_all(Link& link);
  [[nodiscard]] std::string silent_key() const;
  void wake();
  [[nodiscard]] bool obey();
  [[nodiscard]] std::string carry_out(const Command& command);
  [[nodiscard]] std::string store(const Command& command);
  static void pass_on(Link& link);
  [[nodiscard]] int milliseconds_to_next() const;

  Plan plan_;
  Descriptor listener_;
  Descriptor wake_;  // An eventfd.
  std::uint16_t port_;
  std::atomic<std::size_t> connections_{0};
  std::atomic<bool> silent_{false};
  std::atomic<std::int64_t> delay_ms_{0};

  mutable std::mutex mutex_;  // guards the members below
  std::vector<Stored> journal_;
  std::vector<std::string> failures_;
  std::map<std::string, std::string> values_;
  std::string silent_at_;
  std::vector<std::promise<void>> breaks_;
  bool ending_ = false;

  std::list<Link> links_;  // Belongs to the server's thread.
  std::thread thread_;
};

}  // namespace cachekit::test
