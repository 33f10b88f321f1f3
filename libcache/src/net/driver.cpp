#include "net/driver.hpp"

#include "net/fork.hpp"

#include <chrono>
#include <iterator>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace cachekit::net {
namespace {

using namespace std::chrono_literals;

// How long the thread looks away while there is something to look after, and how many times it
// finds nothing new before it sleeps until it is told.
constexpr auto short_rest = 1ms;
constexpr int patient_rests = 20;
// How long it waits for something else before it minds deadlines again.
constexpr auto slice = 2ms;

}  // namespace

void AsyncRequest::wait() {
  if (settled()) return;
  if (!inherited()) return driver().combiner_.wait(*this);
  outcome() = fail(Errc::unavailable, "this request belongs to the parent process", {},
                   "start one of your own after fork()");
  ParkingLot empty;  // The threads that waited are the parent's.
  Wakeups nobody(empty);
  finish(nobody);
}

// Together with `Driver::start`: either that sees that it is unwanted, or this sees the driver.
void AsyncRequest::cancel() {
  unwanted_ = true;
  Driver* const driver = driver_;
  if (driver != nullptr && !settled() && !inherited()) driver->cancel(*this);
}

bool AsyncRequest::inherited() const noexcept { return generation_ != fork_generation(); }

void AsyncRequest::released(Wakeups& wakeups) noexcept {
  if (!outcome() && resendable() && !std::exchange(resent_, true)) return driver().queue(*this);
  finish(wakeups);
}

void AsyncRequest::finish(Wakeups& wakeups) noexcept {
  if (std::exchange(adopted_, false) && !inherited()) driver().attend(-1);
  conclude();
  Sleeper::released(wakeups);
  announce();
  let_go();
}

Driver::Driver(Combiner& combiner, std::shared_ptr<Connector> connector, std::size_t max_waiting)
    : combiner_(combiner), connector_(std::move(connector)), max_waiting_(max_waiting) {
  combiner_.on_unattended([this] {
    {
      const std::lock_guard lock(mutex_);
      if (attended_ <= 0) return;
      poked_ = true;
    }
    news_.notify_one();
  });
}

Driver::~Driver() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  news_.notify_one();
  if (thread_.get_id() == std::this_thread::get_id()) {  // A callback dropped the backend.
    *gone_ = true;
    thread_.detach();
  }
  if (thread_.joinable()) thread_.join();
  combiner_.end("the backend was destroyed");
  std::unique_lock lock(mutex_);
  fail_backlog(lock, destroyed(), false);
  cancelled_.wait(lock, [&] { return cancelling_ == 0; });
  run_calls(lock, false);
}

Error Driver::destroyed() const {
  return {Errc::cancelled, "the backend was destroyed", combiner_.endpoint(), {}};
}

Error Driver::withdrawn() const {
  return {Errc::cancelled, "the caller withdrew the request", combiner_.endpoint(), {}};
}

Error Driver::no_thread() const {
  return {Errc::overloaded, "there is no thread to be had for requests that nobody waits for",
          combiner_.endpoint(), "raise the limit of threads (ulimit -u, pids of the container)"};
}

void Driver::start(AsyncRequest& request) {
  request.generation_ = fork_generation();
  request.hold();
  request.driver_ = this;
  if (request.unwanted_) return settle(request, withdrawn());
  if (!ensure_thread()) return settle(request, no_thread());
  // Nothing overtakes what waits for a connection: a value that was set first must not be the last.
  if (backlogged_.load(std::memory_order_acquire)) {
    queue(request);
  } else {
    submit(request);
  }
  started_.fetch_add(1, std::memory_order_relaxed);
  if (awake_.load(std::memory_order_acquire)) return;
  {
    const std::lock_guard lock(mutex_);
    poked_ = true;
    awake_.store(true, std::memory_order_release);
  }
  news_.notify_one();
}

// It may be settled at once.
void Driver::submit(AsyncRequest& request) {
  if (!combiner_.submit(request, Combiner::Sending::soon)) {
    queue(request);
  } else if (request.unwanted_) {
    combiner_.cancel(request);
  }
}

void Driver::queue(AsyncRequest& request) {
  bool ending = false;
  bool unwanted = false;
  {
    const std::lock_guard lock(mutex_);
    ending = ending_;
    unwanted = request.unwanted_;
    if (!ending && !unwanted && backlog_.size() < max_waiting_) {
      // Its caller, if one waits, sleeps by now and need not be the one who drives.
      if (!std::exchange(request.adopted_, true)) ++attended_;
      backlogged_.store(true, std::memory_order_release);
      backlog_.push_back(&request);
      poked_ = true;
      news_.notify_one();
      return;
    }
  }
  if (ending) return settle(request, destroyed());
  if (unwanted) return settle(request, withdrawn());
  settle(request,
         {Errc::overloaded,
          fmt::format("too many requests wait for a connection ({} allowed)", max_waiting_),
          combiner_.endpoint(), "shed load, or raise max_in_flight"});
}

std::size_t Driver::waiting() const {
  const std::lock_guard lock(mutex_);
  return backlog_.size();
}

void Driver::settle(AsyncRequest& request, Error error) {
  request.outcome() = fail(std::move(error));
  Wakeups wakeups(combiner_.parking_lot());
  request.finish(wakeups);
}

// One that is neither here nor there just now is cancelled by who brings it there.
void Driver::cancel(AsyncRequest& request) {
  bool waiting = false;
  {
    const std::lock_guard lock(mutex_);
    ++cancelling_;
    waiting = std::erase(backlog_, &request) > 0;
  }
  if (waiting) {
    settle(request, withdrawn());
  } else {
    combiner_.cancel(request);
  }
  const std::lock_guard lock(mutex_);
  if (--cancelling_ == 0) cancelled_.notify_all();
}

void Driver::attend(int count) {
  {
    const std::lock_guard lock(mutex_);
    attended_ += count;
    if (count < 0) return;
    poked_ = true;
  }
  news_.notify_one();
}

// Tells under the lock: the call may destroy the driver as soon as that is free.
void Driver::post(std::unique_ptr<detail::Continuation> call) {
  const std::lock_guard lock(mutex_);
  calls_.push_back(std::move(call));
  news_.notify_one();
}

bool Driver::ensure_thread() {
  if (has_thread_.load(std::memory_order_acquire)) return true;
  const std::lock_guard lock(mutex_);
  if (thread_.joinable() || ending_) return true;
  try {
    thread_ = std::thread([this, gone = gone_] { run(*gone); });
  } catch (const std::system_error&) {
    return false;
  }
  has_thread_.store(true, std::memory_order_release);
  return true;
}

// A callback may end the driver, and then nothing of it is left to be touched.
void Driver::run(const bool& gone) {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    poked_ = false;
    run_calls(lock, gone);
    if (gone) return;
    serve_backlog(lock);
    if (attended_ > 0) {
      lock.unlock();
      static_cast<void>(combiner_.attend(Deadline::after(slice)));
      combiner_.expire();
      lock.lock();
    }
    if (!ending_ && calls_.empty() && !poked_) rest(lock);
  }
}

// Callers who wait drive by themselves, so nothing is urgent here but what they leave lying about.
void Driver::rest(std::unique_lock<std::mutex>& lock) {
  const auto news = [&] { return ending_ || poked_ || !calls_.empty() || !backlog_.empty(); };
  std::uint64_t seen = started_.load(std::memory_order_relaxed);
  for (int idle = 0; idle < patient_rests && !news(); ++idle) {
    news_.wait_for(lock, short_rest, news);
    const bool attended = attended_ > 0;
    lock.unlock();
    combiner_.flush();
    if (attended) combiner_.expire();
    lock.lock();
    if (attended) return;
    const std::uint64_t now = started_.load(std::memory_order_relaxed);
    if (now != seen) idle = 0;
    seen = now;
  }
  if (news()) return;
  awake_.store(false, std::memory_order_release);
  lock.unlock();
  combiner_.flush();  // Who has just started a request may have seen the thread awake.
  lock.lock();
  if (attended_ > 0 && combiner_.busy()) {
    news_.wait_for(lock, slice, news);
  } else {
    news_.wait(lock, news);
  }
  awake_.store(true, std::memory_order_release);
}

void Driver::run_calls(std::unique_lock<std::mutex>& lock, const bool& gone) {
  while (!calls_.empty()) {
    std::unique_ptr<detail::Continuation> call = std::move(calls_.front());
    calls_.pop_front();
    lock.unlock();
    call->run();
    call.reset();
    if (gone) return;
    lock.lock();
  }
}

// Connects in slices, so that deadlines are minded meanwhile.
void Driver::serve_backlog(std::unique_lock<std::mutex>& lock) {
  backlogged_.store(!backlog_.empty(), std::memory_order_release);
  if (backlog_.empty()) return;
  lock.unlock();
  // A connection that broke may be in somebody's hands for a while; that says nothing about the
  // server.
  const bool breaking = combiner_.breaking();
  const Result<void> connected = connector_->connect(combiner_, Deadline::after(slice));
  const bool under_way = !connected && (breaking || connector_->under_way());
  lock.lock();
  if (connected) {
    std::deque<AsyncRequest*> ready = std::exchange(backlog_, {});
    lock.unlock();
    for (AsyncRequest* request : ready) hand_over(*request);
    combiner_.flush();
    lock.lock();
    backlogged_.store(!backlog_.empty(), std::memory_order_release);
    return;
  }
  const Error late{Errc::timeout, "there was no connection in time", combiner_.endpoint(),
                   "raise the timeout, or check that the server is up and reachable"};
  fail_backlog(lock, under_way ? late : connected.error(), under_way);
}

void Driver::hand_over(AsyncRequest& request) {
  request.hold();
  submit(request);
  request.let_go();
}

void Driver::fail_backlog(std::unique_lock<std::mutex>& lock, const Error& error, bool only_late) {
  std::deque<AsyncRequest*> failed;
  for (auto at = backlog_.begin(); at != backlog_.end();) {
    const bool stays = only_late && !(*at)->deadline().expired();
    if (!stays) failed.push_back(*at);
    at = stays ? std::next(at) : backlog_.erase(at);
  }
  backlogged_.store(!backlog_.empty(), std::memory_order_release);
  lock.unlock();
  for (AsyncRequest* request : failed) settle(*request, error);
  lock.lock();
}

}  // namespace cachekit::net
