#include "net/mux/shared_connection.hpp"

#include "core/out_of_memory.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace cachekit::net {
namespace {

// How often a connection that is idle for a moment is listened to, and for how long.
constexpr auto listen_interval = std::chrono::milliseconds(50);
constexpr auto listen_time = std::chrono::microseconds(200);
// So soon after the last bytes nobody looks for more: what came with them was read with them.
constexpr auto instant = std::chrono::microseconds(10);
constexpr auto slow_reply = std::chrono::milliseconds(10);

}  // namespace

SharedConnection::SharedConnection(std::string endpoint, const Multiplexer::Surroundings& around,
                                   std::chrono::milliseconds longest_silence)
    : endpoint_(std::move(endpoint)), mux_(endpoint_, around, longest_silence) {}

bool SharedConnection::connected() const {
  const core::MutexLock lock(mutex_);
  return mux_.accepting();
}

bool SharedConnection::breaking() const {
  const core::MutexLock lock(mutex_);
  return mux_.state() != Multiplexer::State::closed && !mux_.accepting();
}

CombinerStats SharedConnection::stats() const {
  const core::MutexLock lock(mutex_);
  const MultiplexerCounts& counts = mux_.counts();
  return {.in_flight = load().count(),
          .requests = counts.requests,
          .batches = counts.batches,
          .timeouts = counts.timeouts,
          .abandoned_requests = counts.abandoned,
          .losses = counts.losses,
          .reconnects = reconnects_};
}

void SharedConnection::close_after_fork() noexcept {
  if (socket_) socket_->close();
}

void SharedConnection::attach(Connection&& connection) noexcept {
  if (ended_) return;
  const bool retired = connection.generation() < oldest_;
  auto [socket, session] = std::move(connection).take_apart();
  socket_ = std::move(socket);
  shut_ = false;
  mux_.open(std::move(session), Clock::now());
  if (mux_.counts().losses > 0) ++reconnects_;
  ++number_;
  if (retired) mux_.retire();
}

void SharedConnection::retire_before(std::uint64_t generation) noexcept {
  const core::MutexLock lock(mutex_);
  oldest_ = generation;
  mux_.retire();
  close_if_unused();
}

SharedConnection::Entry SharedConnection::enqueue(Waiter& waiter) noexcept {
  if (!usable()) return Entry::no_connection;
  if (waiter.only_on_ != 0 && waiter.only_on_ != number_) return Entry::no_connection;
  switch (mux_.enqueue(waiter)) {
    case Multiplexer::Entry::queued:
      return Entry::queued;
    case Multiplexer::Entry::full:
      return Entry::full;
    default:
      return Entry::refused;
  }
}

bool SharedConnection::usable() noexcept {
  if (!mux_.accepting()) {
    if (mux_.retiring() && !busy()) close_if_unused();
    return false;
  }
  if (busy() || leadership_.leading() || !spoke_unasked()) return true;
  mark_broken(Errc::unavailable, "the server ended or broke an idle connection");
  close_if_unused();
  return false;
}

// On an idle connection the peer may have said something unasked, which would be taken for the
// reply to the next request, or it may have closed it. So each request looks first, which costs a
// system call, unless all that had come was read a moment ago. Where one reply too many came beside
// a request, all later ones are a request late, and a caller that asks without a pause always asks
// before the last one has arrived: so now and then it is made to pause.
bool SharedConnection::spoke_unasked() noexcept {
  const auto now = Clock::now();
  const auto silence = now - mux_.silence().last_word_at();
  if (silence >= instant && socket_->readable_now()) return true;
  if (now < listen_at_) return false;
  listen_at_ = now + listen_interval;
  socket_->acknowledge();  // The peer may hold bytes back until what it has sent has arrived.
  return silence < listen_time && socket_->readable_within(listen_time);
}

void SharedConnection::mark_broken(Errc code, std::string_view why) noexcept {
  mux_.mark_broken(code, why);
  shut_if_broken();
}

// Whoever sleeps in a read wakes up. The descriptor stays taken.
void SharedConnection::shut_if_broken() noexcept {
  if (mux_.state() == Multiplexer::State::breaking && !std::exchange(shut_, true)) {
    socket_->shutdown();
  }
}

void SharedConnection::close_if_unused() noexcept {
  const bool in_use = leadership_.taken() || mux_.outbox().state() == Outbox::State::writing;
  const bool over = mux_.state() == Multiplexer::State::breaking || mux_.retiring();
  if (!over || in_use || busy()) return;
  mux_.close();
  socket_.reset();
  unused_.notify_all();
}

bool SharedConnection::has_abandoned() const noexcept {
  return mux_.newest([](const Waiter& waiter) { return waiter.abandoned_; }) != nullptr;
}

bool SharedConnection::break_if_silent(Clock::time_point now) noexcept {
  const core::MutexLock lock(mutex_);
  if (mux_.state() != Multiplexer::State::open) return false;
  const Silence& silence = mux_.silence();
  if (!silence.too_long(silence.words(), now) || !has_abandoned()) return false;
  mark_broken(Errc::unavailable, "the server said nothing while deadlines passed");
  return true;
}

void SharedConnection::withdraw(Waiter& waiter, Errc code, std::string_view why) noexcept {
  const bool dated = code == Errc::timeout;
  mux_.withdraw(waiter, code, why, dated ? Clock::now() : Clock::time_point{});
  shut_if_broken();
}

SharedConnection::Unsent SharedConnection::flush(Deadline until, Clock::time_point now) noexcept {
  {
    const core::MutexLock lock(mutex_);
    if (mux_.may_begin_batch()) written_at_ = now;
    if (!mux_.begin_write(now)) return Unsent::nothing;
  }
  return send_batch(until);
}

void SharedConnection::begin_batch(Clock::time_point now) noexcept {
  written_at_ = now;
  static_cast<void>(mux_.begin_write(now));
}

SharedConnection::Unsent SharedConnection::send_batch(Deadline until) noexcept {
  while (true) {
    const Result<WriteEnd> end = send_pending(until);
    const core::MutexLock lock(mutex_);
    if (mux_.end_write(end ? *end : WriteEnd::failed)) mux_.silence().note_word(Clock::now());
    if (end == WriteEnd::refused) refused_at_ = Clock::now();
    // After a failure of the kernel, such as no buffer space, nothing says when the rest could go.
    if (!end) mark_broken(end.error().code, end.error().message);
    close_if_unused();
    if (mux_.outbox().stopped()) return *end == WriteEnd::late ? Unsent::late : Unsent::refused;
    if (!mux_.goes_on()) return Unsent::nothing;
    if (until.expired()) return Unsent::late;
    begin_batch(Clock::now());
  }
}

// A batch may be everybody's: it must not take the time of the one who happens to send it.
Result<WriteEnd> SharedConnection::send_pending(Deadline until) noexcept {
  while (!mux_.prepare_write().empty()) {
    auto written = socket_->write(mux_.prepare_write().substr(0, longest_write));
    if (!written) return fail(std::move(written).error());
    if (written->status == Socket::Status::closed) return WriteEnd::closed;
    if (written->status == Socket::Status::would_block) return WriteEnd::refused;
    mux_.commit_write(written->bytes);
    if (!mux_.prepare_write().empty() && until.expired()) return WriteEnd::late;
  }
  return WriteEnd::all;
}

SharedConnection::ReadResult SharedConnection::read_once(const ReadWait& wait,
                                                         Completions& completions) noexcept {
  const Result<Socket::Transfer> came = reader_.read(*socket_, wait);
  if (came && came->status == Socket::Status::done) {
    return deliver(reader_.bytes(came->bytes), completions);
  }
  {
    const core::MutexLock lock(mutex_);
    if (!came) {
      mark_broken(came.error().code, came.error().message);
    } else if (came->status == Socket::Status::closed) {
      mark_broken(Errc::unavailable, "the server closed the connection");
    }
    if (mux_.state() == Multiplexer::State::open) return ReadResult::nothing;
  }
  fail_all(completions);
  return ReadResult::lost;
}

SharedConnection::ReadResult SharedConnection::deliver(std::string_view bytes,
                                                       Completions& completions) noexcept {
  Result<void> handed_out{};
  {
    const core::MutexLock lock(delivery_);
    try {
      handed_out = hand_out(bytes, completions);
    } catch (const std::exception&) {  // A reply is half read: no later one can be trusted.
      handed_out = fail(out_of_memory(Errc::unavailable));
    }
  }
  if (handed_out) return ReadResult::something;
  {
    const core::MutexLock lock(mutex_);
    mark_broken(handed_out.error().code, handed_out.error().message);
  }
  fail_all(completions);
  return ReadResult::lost;
}

// Nobody takes requests that were sent out of their list meanwhile, for that wants delivery_, which
// the caller holds.
Result<void> SharedConnection::hand_out(std::string_view bytes, Completions& completions) {
  ReplyQueue::Delivery delivery;
  {
    const core::MutexLock lock(mutex_);
    const auto now = Clock::now();
    suspect_slow_reply(now);
    delivery = mux_.begin_delivery(now);
  }
  if (Result<void> parsed = parse(delivery, bytes); !parsed) return parsed;
  const core::MutexLock lock(mutex_);
  mux_.end_delivery(delivery, completions);
  return {};
}

// One that took long may not be what was asked for, and the right one be on its way behind it: that
// is asked to come at once, and listened to before the next request.
void SharedConnection::suspect_slow_reply(Clock::time_point now) noexcept {
  if (now - std::max(written_at_, mux_.silence().last_word_at()) < slow_reply) return;
  socket_->acknowledge();
  listen_at_ = Clock::time_point::min();
}

void SharedConnection::fail_all(Completions& completions) noexcept {
  const core::MutexLock delivery(delivery_);
  const core::MutexLock lock(mutex_);
  mux_.fail_all(completions);
}

}  // namespace cachekit::net
