#pragma once

#include "net/mux/backlog.hpp"
#include "net/mux/in_flight.hpp"
#include "net/mux/leadership.hpp"
#include "net/mux/multiplexer.hpp"
#include "net/mux/parking_lot.hpp"
#include "net/mux/program_order.hpp"
#include "simulation/calls.hpp"
#include "simulation/scripted_link.hpp"

#include <cachekit/virtual_runtime.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace cachekit::test {

/// Callers, leaders and an I/O thread around one multiplexer, as `net/mux` has them, on a scripted
/// connection that is made anew when it breaks. They change places wherever the real ones hold no
/// lock. Threads: in one virtual runtime.
class SimulatedClient {
 public:
  using Time = Runtime::steady_time;
  /// `next_link`: connects, or gives null where it could not.
  using NextLink = std::function<std::shared_ptr<ScriptedLink>()>;

  SimulatedClient(VirtualRuntime& runtime, NextLink next_link);

  /// Returns when the call is completed.
  void run(Call& call);
  /// Returns at once.
  void start(AsyncCall& call);
  void cancel(AsyncCall& call);
  /// What the I/O thread does, until `end`.
  void serve();
  void end();
  /// A caller has come to its end.
  void end_of_caller() { changed_->notify_all(); }
  /// Waits until it holds.
  void await(const std::function<bool()>& holds);
  /// What has been done, where `trace` was set.
  void trace() noexcept { tracing_ = true; }
  [[nodiscard]] const std::string& steps() const noexcept { return steps_; }
  void note(const std::string& step);
  /// Nothing is under way, and nothing counts.
  void check_empty() const;

 private:
  // Connecting.
  void connect(Time until);
  void reap();
  void close_if_unused();
  void mark_broken(Errc code, std::string_view why);

  // Of a request.
  [[nodiscard]] bool enqueue(net::Waiter& waiter, Call& call);
  void withdraw(net::Waiter& waiter, Errc code);
  void settle(net::Waiter& waiter);
  void settle(net::Completions& completions);
  void conclude(AsyncCall& call);

  // Of those that share the connection.
  [[nodiscard]] bool run_once(BlockingCall& blocking);
  void follow(BlockingCall& blocking);
  void lead(BlockingCall& blocking);
  [[nodiscard]] bool yield_for_lead(BlockingCall& blocking);
  [[nodiscard]] bool give_up(BlockingCall& blocking);
  void give_up_lead(net::Completions& completions);
  void run_until(Time until);

  enum class Result { something, nothing, lost };
  /// Whether bytes are left that the kernel does not take for now.
  [[nodiscard]] bool flush();
  [[nodiscard]] net::WriteEnd send_pending();
  Result read_once(Time until, bool stopped, net::Completions& completions);
  Result deliver(std::string_view bytes, bool unasked, net::Completions& completions);
  void fail_all(net::Completions& completions);

  // Of the I/O thread.
  void hand_over();
  void expire();

  /// Somebody else may go first here.
  void pause();
  void count_step();
  [[nodiscard]] Time now() const noexcept { return runtime_.now(); }
  [[nodiscard]] bool busy() const noexcept { return mux_.load().count() > 0; }
  /// Sleeps until something has changed, or `until`.
  void sleep(Time until);

  /// Keeps requests that were sent in their places, while replies are handed out.
  class Delivery;

  VirtualRuntime& runtime_;
  const NextLink next_link_;
  net::InFlightBounds bounds_{1000, std::size_t{1} << 20U};
  net::ProgramOrder order_;
  net::ParkingLot lot_;
  net::Multiplexer mux_;
  net::Leadership leadership_;
  net::Backlog backlog_{nullptr};
  std::shared_ptr<ScriptedLink> link_;
  std::uint64_t number_ = 0;  // Of the connection.
  bool connecting_ = false;
  bool delivering_ = false;
  bool ending_ = false;
  bool tracing_ = false;
  std::string steps_;
  std::size_t steps_taken_ = 0;
  std::mutex mutex_;  // The condition wants one.
  const std::unique_ptr<Runtime::Condition> changed_;
};

}  // namespace cachekit::test
