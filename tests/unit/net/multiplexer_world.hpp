#pragma once

#include "line_protocol.hpp"
#include "net/mux/in_flight.hpp"
#include "net/mux/multiplexer.hpp"
#include "net/mux/parking_lot.hpp"
#include "net/mux/program_order.hpp"
#include "net/mux/waiter.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cachekit::test {

/// A request that counts how often it is settled.
class SteppedRequest final : public net::Waiter {
 public:
  enum class Kind { read, write };
  SteppedRequest(std::string name, Kind kind, Deadline deadline);

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::string line() const { return name_ + "\n"; }
  [[nodiscard]] bool is_write() const noexcept { return !line_.idempotent(); }
  [[nodiscard]] int settled() const noexcept { return settled_; }
  [[nodiscard]] const std::string& answer() const noexcept { return line_.answer; }

 private:
  void released(net::Wakeups& /*wakeups*/) noexcept override { ++settled_; }

  std::string name_;
  LineRequest line_;
  int settled_ = 0;
};

/// A multiplexer, a peer that answers each line with itself as soon as it has all of it, and what
/// has to be true of the two after every step. Time is what the test says.
class MultiplexerWorld {
 public:
  using Kind = SteppedRequest::Kind;
  using TimePoint = net::Multiplexer::TimePoint;
  static constexpr auto longest_silence = std::chrono::milliseconds(100);
  static constexpr auto budget = std::chrono::seconds(1);

  MultiplexerWorld();
  /// Ends what is under way, breaks the connection, and checks that nobody is left.
  void end();

  SteppedRequest& enqueue(std::string name, Kind kind);
  [[nodiscard]] bool begin_write();
  /// The kernel takes so many bytes.
  void commit(std::size_t bytes);
  void end_write(net::WriteEnd how);
  /// So many bytes of what the peer has said are read, and `unasked` behind them; they are handed
  /// out by `end_delivery`. Until then nobody takes out what was sent.
  void begin_delivery(std::size_t bytes, std::string_view unasked = {});
  void end_delivery();
  void withdraw(SteppedRequest& request, Errc code);
  /// All budgets pass.
  void expire();
  void break_connection();

  [[nodiscard]] bool open() const { return mux_.state() == net::Multiplexer::State::open; }
  [[nodiscard]] bool writing() const {
    return mux_.outbox().state() == net::Outbox::State::writing;
  }
  [[nodiscard]] bool delivering() const noexcept { return delivering_; }
  [[nodiscard]] std::size_t to_write() const { return mux_.prepare_write().size(); }
  [[nodiscard]] std::size_t to_read() const noexcept { return said_.size() - read_; }
  /// Whether the peer has had each request completely, or no byte of it, and nobody writes: so what
  /// it says beyond its answers belongs to nobody.
  [[nodiscard]] bool quiet() const;
  [[nodiscard]] std::vector<SteppedRequest*> unsettled() const;
  [[nodiscard]] net::Multiplexer& mux() noexcept { return mux_; }

 private:
  void note(std::string_view step) { steps_.append(steps_.empty() ? "" : ", ").append(step); }
  [[nodiscard]] std::size_t sent_of(const SteppedRequest& request) const;
  /// Whether it is to be taken for sent when the connection breaks: while somebody writes, all that
  /// he may have handed to the kernel is.
  [[nodiscard]] bool sent(const SteppedRequest& request) const;
  void must(bool holds, std::string_view what) const;
  void check_given_up(SteppedRequest& request, Errc code) const;
  void check_lost(SteppedRequest& request, bool was_sent) const;
  void check() const;

  net::InFlightBounds bounds_{100, std::size_t{1} << 20U};
  net::ProgramOrder order_;
  net::ParkingLot lot_;
  net::Multiplexer mux_;
  TimePoint now_{std::chrono::hours(1)};
  std::vector<std::unique_ptr<SteppedRequest>> requests_;  // In the order of `enqueue`.
  std::string steps_;                                      // What has been done, for the message.
  std::string wire_;                                       // All that the kernel took.
  std::string batch_;                                      // The last one.
  std::string batches_;                                    // All of them.
  std::string said_;                                       // By the peer.
  std::size_t read_ = 0;
  std::string coming_;
  bool unasked_ = false;
  bool delivering_ = false;
  net::ReplyQueue::Delivery delivery_;
};

/// All ways to choose: `choose` gives a number below `count`, another one each time round. Runs
/// have to choose in the same way as long as they are given the same numbers.
class AllChoices {
 public:
  [[nodiscard]] std::size_t choose(std::size_t count);
  /// Begins the next run; false when there is none.
  [[nodiscard]] bool next();

 private:
  struct Choice {
    std::size_t taken = 0;
    std::size_t count = 0;
  };
  std::vector<Choice> choices_;
  std::size_t at_ = 0;
};

}  // namespace cachekit::test
