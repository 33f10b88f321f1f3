#include "line_protocol.hpp"

#include <sys/socket.h>

namespace cachekit::test {

LinePeer::LinePeer(Serve serve)
    : listener_(listen_on_loopback()), port_(port_of(listener_)), thread_([this, serve] {
        while (true) {
          Descriptor connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
          if (!connection.open()) return;
          serve(connection, ++accepted_);
        }
      }) {}

LinePeer::~LinePeer() {
  ::shutdown(listener_.get(), SHUT_RDWR);  // Makes accept return.
  thread_.join();
}

std::string read_line(const Descriptor& connection) {
  std::string line;
  while (line.find('\n') == std::string::npos) {
    const std::string more = read_some(connection);
    if (more.empty()) return {};
    line += more;
  }
  return line.substr(0, line.find('\n'));
}

void echo(const Descriptor& connection) {
  while (true) {
    const std::string line = read_line(connection);
    if (line.empty() || !write_all(connection, line + "\n")) return;
  }
}

}  // namespace cachekit::test
