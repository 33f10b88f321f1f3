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
      wake_(::eventfd(0, EFD_CLOEXEC)),
      port_(port_of(listener_)),
      thread_([this] { run(); }) {}

CuttingServer::~CuttingServer() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake();
  thread_.join();
}

void CuttingServer::wake() {
  const std::uint64_t one = 1;
  static_cast<void>(::write(wake_.get(), &one, sizeof one));
}

void CuttingServer::fall_silent_at(std::string key) {
  const std::lock_guard lock(mutex_);
  silent_at_ = std::move(key);
  silent_ = false;
}

void CuttingServer::break_connections() {
  std::future<void> done;
  {
    const std::lock_guard lock(mutex_);
    done = breaks_.emplace_back().get_future();
  }
  wake();
  done.get();
}

std::string CuttingServer::value(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = values_.find(key);
  return found == values_.end() ? std::string() : found->second;
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
    entries = {{.fd = wake_.get(), .events = POLLIN, .revents = 0},
               {.fd = listener_.get(), .events = POLLIN, .revents = 0}};
    for (const Link& link : links_) {
      const int events = POLLIN | (link.out.empty() ? 0 : POLLOUT);
      entries.push_back(
          {.fd = link.socket.get(), .events = static_cast<short>(events), .revents = 0});
    }
    ::poll(entries.data(), entries.size(), milliseconds_to_next());
    if (entries[0].revents != 0 && !obey()) return;
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

// False when it is to end.
bool CuttingServer::obey() {
  std::uint64_t count = 0;
  static_cast<void>(::read(wake_.get(), &count, sizeof count));
  std::vector<std::promise<void>> breaks;
  {
    const std::lock_guard lock(mutex_);
    if (ending_) return false;
    breaks.swap(breaks_);
    if (!breaks.empty()) silent_at_.clear();
  }
  if (breaks.empty()) return true;
  for (Link& link : links_) {
    while (!link.over) take_in(link);
  }
  links_.clear();
  for (auto& one : breaks) one.set_value();
  return true;
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

std::string CuttingServer::silent_key() const {
  const std::lock_guard lock(mutex_);
  return silent_at_;
}

void CuttingServer::carry_out_all(Link& link) {
  std::string_view rest = link.in;
  while (!rest.empty()) {
    const auto command = take_command(rest);
    if (!command) break;
    const bool falls_silent = command->front() == "GET" && command->at(1) == silent_key();
    link.silent = link.silent || falls_silent;
    const std::string reply = carry_out(*command);
    if (!link.silent) {
      link.late.push_back({clock::now() + std::chrono::milliseconds(delay_ms_), reply});
    }
    if (falls_silent) silent_ = true;
  }
  link.in.erase(0, link.in.size() - rest.size());
}

std::string CuttingServer::carry_out(const Command& command) {
  const std::lock_guard lock(mutex_);
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
  failures_.push_back("unknown command: " + name);
  return "-ERR unknown command\r\n";
}

std::string CuttingServer::store(const Command& command) {
  values_[command.at(1)] = command.at(2);
  journal_.push_back({.key = command[1], .head = command[2].substr(0, head_size)});
  return "+OK\r\n";
}

// How long to wait for the next reply that has to go out; -1: none has.
int CuttingServer::milliseconds_to_next() const {
  auto next = clock::time_point::max();
  for (const Link& link : links_) {
    if (!link.late.empty()) next = std::min(next, link.late.front().due);
  }
  if (next == clock::time_point::max()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - clock::now());
  return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

void CuttingServer::pass_on(Link& link) {
  while (!link.late.empty() && link.late.front().due <= clock::now()) {
    link.out += link.late.front().reply;
    link.late.pop_front();
  }
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
