#include "net/transport/socket.hpp"

#include "core/descriptor.hpp"
#include "core/out_of_memory.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <new>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace cachekit::net {
namespace {

// A stream socket that does not block yet, for connecting within a time.
int make_socket(int family) noexcept {
  return core::above_standard(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

std::string reason(int error) { return std::system_category().message(error); }

// How long a blocking read lasts at most. With much less, the kernel has to set the processor's
// timer anew whenever it sleeps until the reply comes, which is dear on virtual machines (4 % of a
// call with 10 ms); budgets that are not longer than this cost a system call more.
constexpr auto receive_slice = std::chrono::milliseconds(100);

void set_option(int descriptor, int level, int name, int value) noexcept {
  // Tuning only: a kernel that does not know one of them still gives a working socket.
  static_cast<void>(setsockopt(descriptor, level, name, &value, sizeof value));
}

// A peer that vanished is noticed after 30 s idle + 3 probes, or 20 s of unacknowledged data, where
// the kernel's defaults are two hours and fifteen minutes.
void tune_tcp(int descriptor) noexcept {
  set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, 30);
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPCNT, 3);
  set_option(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, 20'000);
}

int poll_timeout(Deadline deadline) noexcept {
  const auto left = deadline.remaining();
  if (left == forever) return -1;
  return static_cast<int>(std::min<std::int64_t>(left.count(), std::numeric_limits<int>::max()));
}

// Connecting wants a socket that does not block, reading one that does (but for MSG_DONTWAIT).
void make_blocking(int descriptor) noexcept {
  const int flags = fcntl(descriptor, F_GETFL);
  static_cast<void>(fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK));
  const auto slice = std::chrono::duration_cast<std::chrono::microseconds>(receive_slice);
  const timeval timeout{.tv_sec = 0, .tv_usec = slice.count()};
  static_cast<void>(setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout));
}

// Where nothing listens on a port that the kernel may choose for the client's own end, too, it now
// and then connects a socket to itself (a simultaneous open, RFC 9293), which answers like an echo.
bool is_connected_to_itself(int descriptor) noexcept {
  SocketAddress here, there;
  here.length = there.length = sizeof(sockaddr_storage);
  const auto in = [](SocketAddress& address) {
    return reinterpret_cast<sockaddr*>(&address.storage);
  };
  return getsockname(descriptor, in(here), &here.length) == 0 &&
         getpeername(descriptor, in(there), &there.length) == 0 && here == there;
}

// Closing in order would leave the port unusable for the server for a minute (TIME_WAIT).
void reset_on_close(int descriptor) noexcept {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  static_cast<void>(setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once));
}

tl::unexpected<Error> failed_to(const char* act, int error) noexcept {
  try {
    return fail(Errc::unavailable, fmt::format("could not {}: {}", act, reason(error)));
  } catch (const std::bad_alloc&) {
    return fail(out_of_memory(Errc::unavailable));
  }
}

tl::unexpected<Error> no_answer(Errc code, const std::string& why) {
  return fail(code, fmt::format("could not connect: {}", why));
}

bool wait_for(int descriptor, int events, Deadline deadline) noexcept {
  pollfd entry{descriptor, static_cast<short>(events), 0};
  while (true) {
    // In slices, because deadlines may be cut meanwhile.
    const int ready =
        poll(&entry, 1, poll_timeout(earlier(deadline, Deadline::after(receive_slice))));
    if (ready > 0) return true;
    if (ready == 0 && deadline.expired()) return false;
    if (ready < 0 && errno != EINTR) return true;  // The read or write that follows tells why.
  }
}

}  // namespace

bool wait_ready(int descriptor, bool for_write, Deadline deadline) noexcept {
  return wait_for(descriptor, for_write ? POLLIN | POLLOUT : POLLIN, deadline);
}

bool wait_writable(int descriptor, Deadline deadline) noexcept {
  return wait_for(descriptor, POLLOUT, deadline);
}

void wait_ready(int descriptor, bool for_write, int other, Deadline deadline) noexcept {
  const auto events = static_cast<short>(for_write ? POLLIN | POLLOUT : POLLIN);
  std::array<pollfd, 2> entries{pollfd{descriptor, events, 0}, pollfd{other, POLLIN, 0}};
  static_cast<void>(poll(entries.data(), entries.size(), poll_timeout(deadline)));
}

Result<Socket> Socket::connect(const SocketAddress& address, Deadline deadline) {
  const bool tcp = address.family() != AF_UNIX;
  Socket socket(make_socket(address.family()));
  const int descriptor = socket.descriptor_;
  if (descriptor < 0) return no_answer(Errc::unavailable, reason(errno));
  if (tcp) tune_tcp(descriptor);
  if (::connect(descriptor, address.get(), address.length) != 0) {
    // An interrupted connect goes on in the background like one that is in progress (POSIX).
    if (errno != EINPROGRESS && errno != EINTR) return no_answer(Errc::unavailable, reason(errno));
    if (!wait_ready(descriptor, true, deadline)) {
      return no_answer(Errc::timeout, "no answer in time");
    }
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    if (error != 0) return no_answer(Errc::unavailable, reason(error));
  }
  if (tcp && is_connected_to_itself(descriptor)) {
    reset_on_close(descriptor);
    return no_answer(
        Errc::unavailable,
        fmt::format("connected to itself: nothing listens on port {}", address.port()));
  }
  make_blocking(descriptor);
  return socket;
}

Socket::Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

Socket& Socket::operator=(Socket&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

Socket::~Socket() { close(); }

void Socket::close() noexcept {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

void Socket::acknowledge() const noexcept {
  const int on = 1;
  static_cast<void>(::setsockopt(descriptor_, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on));
}

void Socket::shutdown() noexcept { ::shutdown(descriptor_, SHUT_RDWR); }

Result<Socket::Transfer> Socket::write(std::string_view bytes) noexcept {
  while (true) {
    const ssize_t n = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0) return Transfer{Status::done, static_cast<std::size_t>(n)};
    if (errno == EAGAIN || errno == EWOULDBLOCK) return Transfer{Status::would_block, 0};
    if (errno == EPIPE || errno == ECONNRESET) return Transfer{Status::closed, 0};
    if (errno != EINTR) return failed_to("send", errno);
  }
}

Result<Socket::Transfer> Socket::read(std::span<char> into) noexcept {
  return receive(into, MSG_DONTWAIT);
}

// A blocking read is one system call where poll and read are two. The kernel ends it after
// `receive_slice`; only the last slice of a budget has to be measured out by poll.
Result<Socket::Transfer> Socket::read(std::span<char> into, bool writable, Deadline deadline,
                                      Deadline::clock::time_point now) noexcept {
  if (!writable && deadline.at() - now > receive_slice) return receive(into, 0);
  static_cast<void>(
      wait_ready(descriptor_, writable, earlier(deadline, Deadline::after(receive_slice))));
  return receive(into, MSG_DONTWAIT);
}

// A signal ends a slice, so that whoever reads looks at the clock however often signals come.
Result<Socket::Transfer> Socket::receive(std::span<char> into, int flags) noexcept {
  const ssize_t n = ::recv(descriptor_, into.data(), into.size(), flags);
  if (n > 0) return Transfer{Status::done, static_cast<std::size_t>(n)};
  if (n == 0 || errno == ECONNRESET) return Transfer{Status::closed, 0};
  const bool later = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
  if (later) return Transfer{Status::would_block, 0};
  return failed_to("receive", errno);
}

std::size_t Socket::peek(std::span<char> into) const noexcept {
  const ssize_t n = ::recv(descriptor_, into.data(), into.size(), MSG_PEEK | MSG_DONTWAIT);
  return n > 0 ? static_cast<std::size_t>(n) : 0;
}

bool Socket::readable_within(std::chrono::microseconds time) const noexcept {
  pollfd entry{descriptor_, POLLIN, 0};
  const timespec span{.tv_sec = 0, .tv_nsec = std::chrono::nanoseconds(time).count()};
  return ppoll(&entry, 1, &span, nullptr) > 0;
}

bool Socket::readable_now() const noexcept {
  char one = 0;
  const ssize_t n = ::recv(descriptor_, &one, 1, MSG_PEEK | MSG_DONTWAIT);
  return n >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

}  // namespace cachekit::net
