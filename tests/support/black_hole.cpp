#include "support/black_hole.hpp"

#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

namespace cachekit::test {

BlackHole::BlackHole() : listener_(listen_on_loopback(0, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  constexpr int more_than_any_queue_of_0 = 16;
  for (int i = 0; i < more_than_any_queue_of_0; ++i) {
    Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    pollfd entry{.fd = socket.get(), .events = POLLOUT, .revents = 0};
    const bool connected = ::poll(&entry, 1, 100) > 0;
    queue_.push_back(std::move(socket));
    if (!connected) return;
  }
  throw std::runtime_error("a listening socket that never fills up");
}

}  // namespace cachekit::test
