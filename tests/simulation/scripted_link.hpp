#pragma once

#include "simulation/peer_log.hpp"

#include <cachekit/virtual_runtime.hpp>

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace cachekit::test {

/// What happens to bytes: one of so many of each kind goes wrong; 0 for never.
struct Faults {
  std::uint64_t partial_write = 4;
  std::uint64_t refused_write = 0;
  std::uint64_t unasked = 0;
  std::chrono::microseconds longest_delay{500};
  std::chrono::microseconds breaks_within{0};  ///< Of its life; 0 for never.
  std::chrono::microseconds hangs_within{0};   ///< The same, for a peer that says no more.
};

/// One connection to a peer that answers each line with itself, by a script: bytes take their time,
/// come in pieces, and are lost where the connection breaks. Threads: in one virtual runtime.
class ScriptedLink {
 public:
  using Time = Runtime::steady_time;

  ScriptedLink(VirtualRuntime& runtime, const Faults& faults, PeerLog& log, std::size_t number);

  /// A batch is to be written from here on.
  void plan(std::string_view batch) { planned_ += batch; }
  /// Whether it was in a batch, and whether the kernel had any byte of it.
  [[nodiscard]] bool planned(const std::string& name) const;
  [[nodiscard]] bool had_part_of(const std::string& name) const;

  enum class Status { done, nothing, closed };
  /// The kernel takes `taken` bytes; `nothing`: none for now.
  [[nodiscard]] Status write(std::string_view bytes, std::size_t& taken);
  /// What has come, or comes before `until`. `unasked`: something that nobody asked for came, too.
  [[nodiscard]] Status read(Time until, bool writing, std::string& bytes, bool& unasked);
  [[nodiscard]] bool readable();
  /// By this side: no more bytes come, and who reads is told.
  void shut();
  /// All that is on its way to the peer arrives.
  void settle() { catch_up(Time::max()); }

 private:
  struct Piece {
    Time at;
    std::string bytes;
  };

  [[nodiscard]] Time later(Time than);
  [[nodiscard]] bool one_in(std::uint64_t count) { return count > 0 && runtime_.below(count) == 0; }
  void catch_up(Time now);
  void arrive(const Piece& piece);
  [[nodiscard]] bool take_arrived(std::string& bytes);
  [[nodiscard]] std::size_t at(const std::string& name) const;

  VirtualRuntime& runtime_;
  const Faults faults_;
  PeerLog& log_;
  const std::size_t number_;
  std::mutex mutex_;  // Held by nobody for long; the condition wants one.
  const std::unique_ptr<Runtime::Condition> changed_;
  Time broken_at_ = Time::max();
  Time hung_at_ = Time::max();
  bool forgets_ = false;  // What came before it broke is lost with it.
  bool shut_ = false;
  std::string planned_ = "\n";
  std::size_t taken_ = 1;
  std::size_t answered_ = 1;  // Of what was taken, what the client has read an answer to.
  std::deque<Piece> to_peer_;
  std::string half_;  // A line of which the peer has only a part.
  std::deque<Piece> to_client_;
};

}  // namespace cachekit::test
