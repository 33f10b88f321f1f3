#include "support/scripted_server.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace cachekit::test {

void Peer::wait_until(short events) {
  if (!socket_.open()) throw ScriptedServer::Ended{};
  std::array<pollfd, 2> entries{
      pollfd{.fd = socket_.get(), .events = events, .revents = 0},
      pollfd{.fd = server_.stop_.get(), .events = POLLIN, .revents = 0},
  };
  ::poll(entries.data(), entries.size(), -1);
  if (entries[1].revents != 0) throw ScriptedServer::Ended{};
}

void Peer::fill() {
  wait_until(POLLIN);
  const std::string bytes = read_some(socket_);
  if (bytes.empty()) throw ScriptedServer::Ended{};
  server_.note_received(bytes);
  unread_ += bytes;
}

std::string Peer::read_line() {
  std::size_t end = 0;
  while ((end = unread_.find('\n')) == std::string::npos) fill();
  return read_exactly(end + 1);
}

std::string Peer::read_exactly(std::size_t bytes) {
  while (unread_.size() < bytes) fill();
  std::string taken = unread_.substr(0, bytes);
  unread_.erase(0, bytes);
  return taken;
}

void Peer::expect(std::string_view bytes) {
  const std::string got = read_exactly(bytes.size());
  if (got == bytes) return;
  server_.note_failure("expected \"" + std::string(bytes) + "\", got \"" + got + "\"");
  throw ScriptedServer::Ended{};
}

void Peer::send(std::string_view bytes) {
  while (!bytes.empty()) {
    wait_until(POLLOUT);
    const ssize_t sent =
        ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent <= 0) throw ScriptedServer::Ended{};
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void Peer::wait_until_delivered() {
  for (int under_way = 1; under_way > 0; std::this_thread::yield()) {
    if (ioctl(socket_.get(), TIOCOUTQ, &under_way) != 0) throw ScriptedServer::Ended{};
  }
}

void Peer::send_bytewise(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) send(bytes.substr(i, 1));
}

void Peer::wait_for(Gate& gate) {
  if (gate.wait()) return;
  server_.note_failure("the test did not open a gate");
  throw ScriptedServer::Ended{};
}

void Peer::stall() {
  while (true) fill();
}

ScriptedServer::ScriptedServer(std::vector<Script> scripts)
    : scripts_(std::move(scripts)),
      listener_(listen_on_loopback()),
      stop_(::eventfd(0, EFD_CLOEXEC)),
      port_(port_of(listener_)),
      acceptor_([this] { accept_all(); }) {}

ScriptedServer::~ScriptedServer() {
  const std::uint64_t one = 1;
  static_cast<void>(::write(stop_.get(), &one, sizeof one));
  acceptor_.join();
  for (std::thread& peer : peers_) peer.join();
}

void ScriptedServer::accept_all() {
  while (true) {
    std::array<pollfd, 2> entries{
        pollfd{.fd = listener_.get(), .events = POLLIN, .revents = 0},
        pollfd{.fd = stop_.get(), .events = POLLIN, .revents = 0},
    };
    ::poll(entries.data(), entries.size(), -1);
    if (entries[1].revents != 0) return;
    Descriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!socket.open()) continue;
    // A reply in parts is not to wait until its peer has acknowledged the first.
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const Script& script = scripts_[std::min<std::size_t>(connections_, scripts_.size() - 1)];
    ++connections_;
    peers_.emplace_back([this, &script, socket = std::move(socket)]() mutable {
      Peer peer(*this, std::move(socket));
      run(peer, script);
    });
  }
}

void ScriptedServer::run(Peer& peer, const Script& script) {
  try {
    script(peer);
  } catch (const Ended&) {
  } catch (const std::exception& unexpected) {
    note_failure(unexpected.what());
  }
}

void ScriptedServer::note_received(std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  received_ += bytes;
}

void ScriptedServer::note_failure(std::string what) {
  const std::lock_guard lock(mutex_);
  failures_.push_back(std::move(what));
}

std::string ScriptedServer::received() const {
  const std::lock_guard lock(mutex_);
  return received_;
}

std::vector<std::string> ScriptedServer::failures() const {
  const std::lock_guard lock(mutex_);
  return failures_;
}

}  // namespace cachekit::test
