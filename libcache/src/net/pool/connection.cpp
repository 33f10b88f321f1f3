#include "net/pool/connection.hpp"

#include "core/out_of_memory.hpp"
#include "net/failure.hpp"

#include <exception>
#include <span>
#include <utility>

namespace cachekit::net {

Connection::Connection(Socket socket, std::unique_ptr<Session> session, std::string endpoint)
    : socket_(std::move(socket)), session_(std::move(session)), endpoint_(std::move(endpoint)) {}

Result<std::unique_ptr<Connection>> Connection::greet(Socket socket, std::string endpoint,
                                                      const Protocol& protocol, Deadline deadline) {
  std::unique_ptr<Connection> connection(
      new Connection(std::move(socket), protocol.make_session(), std::move(endpoint)));
  if (Result<void> greeted = protocol.handshake(*connection, deadline); !greeted) {
    Error error = std::move(greeted).error();
    // The caller's own command was not sent yet, so its outcome is not in doubt.
    if (error.code == Errc::outcome_unknown) error.code = Errc::unavailable;
    if (error.endpoint.empty()) error.endpoint = connection->endpoint();
    return fail(std::move(error));
  }
  return connection;
}

Result<void> Connection::exchange(Request& request, Deadline deadline) {
  if (Result<void> begun = begin(request); !begun) return begun;
  Result<bool> complete = pump_until(deadline);
  if (!complete) return fail(std::move(complete).error());
  if (!*complete) return fail(give_up("no complete reply in time"));
  return {};
}

Result<void> Connection::begin(Request& request) noexcept {
  try {
    if (inherited()) {
      usable_ = false;
      return fail(Errc::unavailable, "this connection belongs to the parent process", endpoint_,
                  "open one of your own after fork()");
    }
    out_.clear();
    sent_ = 0;
    answered_ = false;
    if (Result<void> encoded = request.encode(*session_, out_); !encoded) {
      out_.clear();
      return encoded;
    }
  } catch (const std::exception&) {  // No memory, or a length that no string can have.
    out_.clear();
    return fail(out_of_memory());
  }
  request_ = &request;
  if (counts_ != nullptr) counts_->requests.fetch_add(1, std::memory_order_relaxed);
  return {};
}

Result<bool> Connection::pump_until(Deadline deadline) noexcept {
  while (true) {
    Result<bool> complete = pump(deadline);
    if (!complete || *complete || deadline.expired()) return complete;
    // What else comes now is not read, and must not wake it.
    if (answered_) static_cast<void>(wait_writable(descriptor(), deadline));
  }
}

Result<bool> Connection::pump(Deadline wait) noexcept {
  if (inherited()) return fail(broken(Errc::unavailable, "it belongs to the parent process"));
  try {
    return move_on(wait);
  } catch (const std::exception&) {  // No memory, and a reply may be half read.
    return fail(broken(Errc::unavailable, no_memory));
  }
}

// It comes back once something has moved, or 0.1 s later.
Result<bool> Connection::move_on(Deadline wait) {
  if (Result<void> written = write_some(wait); !written) return fail(std::move(written).error());
  Result<bool> answered = read_replies(wait);
  if (!answered || !*answered) return answered;
  // A server may refuse a large value before it has read all of it; it still has to be sent.
  if (wants_write()) return false;
  if (!session_->idle()) {  // Which of these bytes were the reply is not known.
    return fail(broken(Errc::protocol, "the server sent more than was asked for"));
  }
  finish_request();
  return true;
}

// A peer that never stops sending keeps it only for a while after the deadline.
Result<bool> Connection::read_replies(Deadline wait) {
  int late = 0;
  while (!answered_) {
    Result<bool> complete = session_->advance(*request_);
    if (!complete) return fail(broken(complete.error().code, complete.error().message));
    answered_ = *complete;
    if (answered_) break;
    const bool in_time = !wait.expired();
    if (!in_time && ++late > late_reads) return false;
    Result<bool> came = read_some(wait);
    if (!came || !*came) return came;
  }
  return true;
}

// A buffer that only a large request needed is given back.
void Connection::finish_request() noexcept {
  constexpr std::size_t spare_capacity = std::size_t{1} << 20U;
  if (peer_gone_ || session_->retiring()) usable_ = false;
  request_ = nullptr;
  if (out_.capacity() > spare_capacity) std::string().swap(out_);
}

Result<void> Connection::write_some(Deadline until) {
  while (wants_write()) {
    const Result<Socket::Transfer> written =
        socket_.write(std::string_view(out_).substr(sent_, longest_write));
    if (!written) return fail(broken(written.error().code, written.error().message));
    if (written->status == Socket::Status::would_block) break;
    // What the peer said before it closed, such as an error reply, may still be read.
    peer_gone_ = written->status == Socket::Status::closed;
    sent_ += written->bytes;
    if (wants_write() && until.expired()) break;
  }
  return {};
}

Result<bool> Connection::read_some(std::optional<Deadline> wait) {
  if (!buffer_) buffer_ = std::make_unique_for_overwrite<char[]>(receive_bytes);
  const std::span<char> into(buffer_.get(), receive_bytes);
  const Result<Socket::Transfer> came =
      wait ? socket_.read(into, wants_write(), *wait) : socket_.read(into);
  if (!came) return fail(broken(came.error().code, came.error().message));
  if (came->status == Socket::Status::would_block) return false;
  if (came->status == Socket::Status::closed) {
    return fail(broken(Errc::unavailable, "the server closed the connection"));
  }
  session_->feed({buffer_.get(), came->bytes});
  return true;
}

Error Connection::broken(Errc code, std::string_view why) noexcept {
  usable_ = false;
  const Request* const request = std::exchange(request_, nullptr);
  const bool broken = request != nullptr && !request->idempotent() && sent_ > 0;
  return connection_error(code, why, endpoint_, broken);
}

Error Connection::give_up(std::string_view why) noexcept {
  if (counts_ != nullptr) counts_->timeouts.fetch_add(1, std::memory_order_relaxed);
  return broken(Errc::timeout, why);
}

bool Connection::stale() const noexcept { return !usable() || socket_.readable_now(); }

std::string Connection::unread() const {
  std::string bytes(std::size_t{256}, '\0');
  bytes.resize(inherited() ? 0 : socket_.peek(bytes));
  return bytes;
}

Result<bool> Connection::receive(Deadline deadline) {
  if (!wait_ready(descriptor(), false, deadline)) return false;
  try {
    return read_some(std::nullopt);
  } catch (const std::exception&) {
    return fail(broken(Errc::unavailable, no_memory));
  }
}

}  // namespace cachekit::net
