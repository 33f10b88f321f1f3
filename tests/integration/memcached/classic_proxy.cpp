#include "classic_proxy.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include <poll.h>
#include <sys/socket.h>

namespace cachekit::test {
namespace {

constexpr int look_at_stop_every_ms = 20;

bool is_meta(std::string_view line) {
  constexpr std::array<std::string_view, 6> names = {"mg", "ms", "md", "ma", "mn", "me"};
  return std::ranges::find(names, line.substr(0, 2)) != names.end() &&
         (line.size() == 2 || line[2] == ' ');
}

bool is_store(std::string_view line) {
  return line.starts_with("set ") || line.starts_with("add ") || line.starts_with("replace ");
}

// The last word of a store's line is the size of the data that follows, without its line end.
std::size_t announced_bytes(std::string_view line) {
  const std::string_view word = line.substr(line.rfind(' ') + 1);
  std::size_t bytes = 0;
  std::from_chars(word.data(), word.data() + word.size(), bytes);
  return bytes + 2;
}

}  // namespace

/// One client's connection and its own to the server.
class ClassicProxy::Relay {
 public:
  Relay(ClassicProxy& proxy, Descriptor client)
      : proxy_(proxy),
        client_(std::move(client)),
        server_(connect_to_loopback(proxy.server_port_)) {}

  void run() {
    while (!proxy_.stopping_) {
      std::array<pollfd, 2> entries = {pollfd{client_.get(), POLLIN, 0},
                                       pollfd{server_.get(), POLLIN, 0}};
      if (poll(entries.data(), entries.size(), look_at_stop_every_ms) <= 0) continue;
      if (entries[1].revents != 0 && !pass(server_, client_)) return;
      if (entries[0].revents != 0 && !take_commands()) return;
    }
  }

 private:
  static bool pass(const Descriptor& from, const Descriptor& to) {
    const std::string bytes = read_some(from);
    return !bytes.empty() && write_all(to, bytes);
  }

  bool take_commands() {
    const std::string bytes = read_some(client_);
    if (bytes.empty()) return false;
    input_ += bytes;
    while (!input_.empty()) {
      const std::size_t line_end = input_.find("\r\n");
      if (data_left_ == 0 && line_end == std::string::npos) return true;
      if (data_left_ > 0 ? !forward(std::min(data_left_, input_.size())) : !take_line(line_end)) {
        return false;
      }
    }
    return true;
  }

  bool forward(std::size_t bytes) {
    data_left_ -= std::min(data_left_, bytes);
    const bool sent = write_all(server_, std::string_view(input_).substr(0, bytes));
    input_.erase(0, bytes);
    return sent;
  }

  bool take_line(std::size_t line_end) {
    const std::string line = input_.substr(0, line_end);
    if (!is_meta(line)) {
      const bool sent = forward(line_end + 2);
      if (is_store(line)) data_left_ = announced_bytes(line);
      return sent;
    }
    ++proxy_.meta_commands_;
    input_.erase(0, line_end + 2);
    return proxy_.manner_ == Manner::answers_error && write_all(client_, "ERROR\r\n");
  }

  ClassicProxy& proxy_;
  Descriptor client_;
  Descriptor server_;
  std::string input_;
  std::size_t data_left_ = 0;
};

ClassicProxy::ClassicProxy(std::uint16_t server_port, Manner manner)
    : server_port_(server_port),
      manner_(manner),
      listener_(listen_on_loopback()),
      acceptor_([this] { accept_all(); }) {}

ClassicProxy::~ClassicProxy() {
  stopping_ = true;
  acceptor_.join();
  for (std::thread& relay : relays_) relay.join();
}

std::string ClassicProxy::endpoint() const {
  return "127.0.0.1:" + std::to_string(port_of(listener_));
}

void ClassicProxy::accept_all() {
  while (!stopping_) {
    if (!wait_readable(listener_, std::chrono::milliseconds(look_at_stop_every_ms))) continue;
    Descriptor client(accept(listener_.get(), nullptr, nullptr));
    if (!client.open()) continue;
    relays_.emplace_back(
        [this, held = std::move(client)]() mutable { Relay(*this, std::move(held)).run(); });
  }
}

}  // namespace cachekit::test
