#pragma once

#include "net/mux/outbox.hpp"
#include "net/mux/program_order.hpp"
#include "net/mux/waiter.hpp"
#include "net/request.hpp"

#include <cachekit/error.hpp>

#include <memory>
#include <string_view>
#include <utility>

namespace cachekit::net {

/// Requests whose bytes went out, or are going, in the order in which their replies come; and the
/// session that parses these, straight into the requests.
///
/// To be delivered, bytes take three steps: `begin`, `parse`, `take_done`. Threads: one at a time,
/// but for `parse`, which is for the reader alone, beside whatever others do to `written`. From
/// `begin` until it has returned nobody takes a request out of the others.
class ReplyQueue {
 public:
  /// Replies for the requests from `end` on, up to `unsent`, are to be parsed.
  struct Delivery {
    Waiter* end = nullptr;           ///< The first one that is not done.
    const Waiter* unsent = nullptr;  ///< The first one that can have no reply yet, or null.
  };

  void open(std::unique_ptr<Session> session) noexcept { session_ = std::move(session); }
  void close() noexcept { session_.reset(); }
  /// Requires: open; as for all that follows.
  [[nodiscard]] const Session& session() const noexcept { return *session_; }

  /// Where a batch goes that is being written.
  [[nodiscard]] WaiterList& written() noexcept { return written_; }
  [[nodiscard]] bool empty() const noexcept { return written_.empty() && expecting_.empty(); }

  [[nodiscard]] Delivery begin(const Outbox& outbox) noexcept;
  /// Errors: those of the session; `protocol` where bytes are left that nobody asked for. Nothing
  /// may be handed out then. May throw what the session throws.
  [[nodiscard]] Result<void> parse(Delivery& delivery, std::string_view bytes);
  /// Takes out those that have their last reply, from the oldest on; `done` is called for each.
  template <typename Done>
  void take_done(const Delivery& delivery, const Done& done) noexcept {
    while (expecting_.front() != delivery.end) done(expecting_.pop_front());
  }

  /// Takes out one that is given up, and leaves in its place an abandoned one, which goes on to
  /// take its replies. False where there is no memory for that: without it, the replies are out of
  /// step.
  [[nodiscard]] bool abandon(Waiter& waiter, ProgramOrder& order, Lane lane) noexcept;
  /// Takes out all, from the oldest on; `lost` is called for each.
  template <typename Lost>
  void take_all(const Lost& lost) noexcept {
    while (!expecting_.empty()) lost(expecting_.pop_front());
    while (!written_.empty()) lost(written_.pop_front());
  }
  /// The one whose reply broke the connection, or null.
  [[nodiscard]] const Waiter* culprit() const noexcept { return culprit_; }
  void forget_culprit() noexcept { culprit_ = nullptr; }

  template <typename Visit>
  [[nodiscard]] Waiter* newest(const Visit& visit) const {
    Waiter* const found = written_.newest(visit);
    return found != nullptr ? found : expecting_.newest(visit);
  }
  /// The lists, the newer one first.
  template <typename Visit>
  void each_list(const Visit& visit) {
    visit(written_);
    visit(expecting_);
  }

 private:
  [[nodiscard]] const Waiter* first_unsent(const Outbox& outbox) const noexcept;

  std::unique_ptr<Session> session_;
  WaiterList written_;               // Whose bytes went, or are in the batch being written.
  WaiterList expecting_;             // The same, and older: the reader has taken them over.
  const Waiter* culprit_ = nullptr;  // Whose reply was nonsense. Of the reader.
};

}  // namespace cachekit::net
