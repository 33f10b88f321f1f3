#include "system_calls.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <string_view>

#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace cachekit::soak {
namespace {

struct Resolver {
  std::mutex mutex;  // guards hangs
  std::condition_variable answers;
  bool hangs = false;
};

Resolver& resolver() {
  static Resolver* const forever = new Resolver;  // Threads may outlive main.
  return *forever;
}

std::atomic<std::size_t> most{0};
std::atomic<std::uint16_t> slow_port{0};
std::atomic<unsigned> sends{0};

bool goes_to(int descriptor, std::uint16_t port) {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  ::getpeername(descriptor, reinterpret_cast<sockaddr*>(&address), &length);
  return address.sin_family == AF_INET && ntohs(address.sin_port) == port;
}

// Sends all, a part, or nothing, as the kernel does where a peer is slow to read.
template <typename SendAll, typename SendPart>
ssize_t taken(int descriptor, const SendAll& send_all, const SendPart& send_part) {
  const std::size_t limit = most.load(std::memory_order_relaxed);
  if (limit == 0 || !goes_to(descriptor, slow_port)) return send_all();
  if (sends++ % 2 == 1) {
    errno = EAGAIN;
    return -1;
  }
  return send_part(limit);
}

using Resolve = int (*)(const char*, const char*, const addrinfo*, addrinfo**);

}  // namespace

void hang_resolver(bool hangs) {
  Resolver& state = resolver();
  const std::lock_guard lock(state.mutex);
  state.hangs = hangs;
  state.answers.notify_all();
}

void take_little(std::uint16_t port, std::size_t bytes) {
  slow_port = port;
  most = bytes;
}

}  // namespace cachekit::soak

// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name)
extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints,
                           addrinfo** result) {
  using namespace cachekit::soak;
  static const auto real = reinterpret_cast<Resolve>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  if (host == nullptr || std::string_view(host) != soak_host) {
    return real(host, service, hints, result);
  }
  if (hints != nullptr && (hints->ai_flags & AI_NUMERICHOST) != 0) return EAI_NONAME;
  {
    Resolver& state = resolver();
    std::unique_lock lock(state.mutex);
    state.answers.wait(lock, [&] { return !state.hangs; });
  }
  return real("127.0.0.1", service, hints, result);
}

extern "C" ssize_t send(int descriptor, const void* bytes, size_t size, int flags) {
  const auto send_part = [&](std::size_t limit) {
    return ::sendto(descriptor, bytes, std::min(size, limit), flags, nullptr, 0);
  };
  return cachekit::soak::taken(
      descriptor, [&] { return send_part(size); }, send_part);
}

extern "C" ssize_t sendmsg(int descriptor, const msghdr* message, int flags) {
  return cachekit::soak::taken(
      descriptor,
      [&] { return static_cast<ssize_t>(::syscall(SYS_sendmsg, descriptor, message, flags)); },
      [&](std::size_t limit) {
        const iovec& first = *message->msg_iov;
        return ::sendto(descriptor, first.iov_base, std::min(first.iov_len, limit), flags, nullptr,
                        0);
      });
}
// NOLINTEND(readability-inconsistent-declaration-parameter-name)
