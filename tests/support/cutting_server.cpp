#include "support/cutting_server.hpp"

#include <algorithm>
#include <array>
#include <exception>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace cachekit::test {

CuttingServer::CuttingServer() : CuttingServer([](std::size_t) { return Cut{}; }) {}

CuttingServer::CuttingServer(Plan plan)
    : plan_(std::move(plan)),
      listener_(listen_on_loopback()),
      stop_(::eventfd(0, EFD_CLOEXEC)),
      port_(port_of(listener_)),
      thread_([this] { run(); }) {}

CuttingServer::~CuttingServer() {
  const std::uint64_t one = 1;
  static_cast<void>(::write(stop_.get(), &one, sizeof one));
  thread_.join();
}

std::vector<CuttingServer::Stored> CuttingServer::journal() const {
  const std::lock_guard lock(mutex_);
  return journal_;
}

std::vector<std::string> CuttingServer::failures() const {
  const std::lock_guard lock(mutex_);
  return failures_;
}

void CuttingServer::run() {
  std::vector<pollfd> entries;
  while (true) {
    entries = {{.fd = stop_.get(), .events = POLLIN, .revents = 0},
               {.fd = listener_.get(), .events = POLLIN, .revents = 0}};
    for (const Link& link : links_) {
      const int events = POLLIN | (link.out.empty() ? 0 : POLLOUT);
      entries.push_back(
          {.fd = link.socket.get(), .events = static_cast<short>(events), .revents = 0});
    }
    ::poll(entries.data(), entries.size(), -1);
    if (entries[0].revents != 0) return;
    std::size_t at = 2;
    for (Link& link : links_) {
      const short events = entries[at++].revents;
      if ((events & (POLLIN | POLLERR | POLLHUP)) != 0) take_in(link);
      if (!link.over) pass_on(link);
      if (link.taken >= link.cut.requests || link.sent >= link.cut.replies) link.over = true;
      if (link.over && link.cut.reset) reset(link.socket);
    }
    links_.remove_if([](const Link& link) { return link.over; });
    if (entries[1].revents != 0) take_connection();
  }
}

void CuttingServer::take_connection() {
  Descriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!socket.open()) return;
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  links_.push_back({.socket = std::move(socket), .cut = plan_(connections_++)});
}

void CuttingServer::take_in(Link& link) {
  std::array<char, 65536> buffer{};
  const std::size_t most = std::min(buffer.size(), link.cut.requests - link.taken);
  const ssize_t got = ::recv(link.socket.get(), buffer.data(), most, MSG_DONTWAIT);
  if (got <= 0) {
    link.over = true;
    return;
  }
  link.taken += static_cast<std::size_t>(got);
  link.in.append(buffer.data(), static_cast<std::size_t>(got));
  try {
    carry_out_all(link);
  } catch (const std::exception& unexpected) {
    const std::lock_guard lock(mutex_);
    failures_.emplace_back(unexpected.what());
    link.over = true;
  }
}

void CuttingServer::carry_out_all(Link& link) {
  std::string_view rest = link.in;
  while (!rest.empty()) {
    const auto command = take_command(rest);
    if (!command) break;
    link.out += carry_out(*command);
  }
  link.in.erase(0, link.in.size() - rest.size());
}

std::string CuttingServer::carry_out(const Command& command) {
  const std::string& name = command.front();
  if (name == "SET") return store(command);
  if (name == "GET") {
    const auto found = values_.find(command.at(1));
    return found == values_.end() ? "$-1\r\n" : bulk_reply(found->second);
  }
  if (name == "INCRBY") {
    std::string& value = values_[command.at(1)];
    value = std::to_string((value.empty() ? 0 : std::stoll(value)) + std::stoll(command.at(2)));
    return ":" + value + "\r\n";
  }
  if (name == "DEL" || name == "UNLINK") {
    return ":" + std::to_string(values_.erase(command.at(1))) + "\r\n";
  }
  if (name == "PING") return "+PONG\r\n";
  if (name == "CLIENT") return "+OK\r\n";
  const std::lock_guard lock(mutex_);
  failures_.push_back("unknown command: " + name);
  return "-ERR unknown command\r\n";
}

std::string CuttingServer::store(const Command& command) {
  values_[command.at(1)] = command.at(2);
  const std::lock_guard lock(mutex_);
  journal_.push_back({.key = command[1], .head = command[2].substr(0, head_size)});
  return "+OK\r\n";
}

void CuttingServer::pass_on(Link& link) {
  while (!link.out.empty() && link.sent < link.cut.replies) {
    const std::size_t most = std::min(link.out.size(), link.cut.replies - link.sent);
    const ssize_t sent =
        ::send(link.socket.get(), link.out.data(), most, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent <= 0) return;
    link.sent += static_cast<std::size_t>(sent);
    link.out.erase(0, static_cast<std::size_t>(sent));
  }
}

}  // namespace cachekit::test
