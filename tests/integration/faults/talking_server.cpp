#include "talking_server.hpp"

#include <algorithm>
#include <sstream>
#include <utility>

namespace cachekit::test {
namespace {

std::string meta_value(std::string_view value, const std::string& flags) {
  return "VA " + std::to_string(value.size()) + flags + "\r\n" + std::string(value) + "\r\n";
}

}  // namespace

// One that is there to be spoken to.
class TalkingServer::Present {
 public:
  Present(TalkingServer& server, Peer& peer) : server_(server), peer_(peer) {
    const std::lock_guard lock(server_.mutex_);
    server_.peers_.push_back(&peer_);
  }
  ~Present() {
    const std::lock_guard lock(server_.mutex_);
    std::erase(server_.peers_, &peer_);
    ++server_.ended_;
  }
  Present(const Present&) = delete;
  Present& operator=(const Present&) = delete;

 private:
  TalkingServer& server_;
  Peer& peer_;
};

TalkingServer::TalkingServer(Kind kind)
    : kind_(kind), server_([this](Peer& peer) { serve(peer); }) {}

std::string TalkingServer::value_of(std::string_view key) {
  const std::string value = "value-of-" + std::string(key);
  return key.starts_with("large") ? value + std::string(100'000, '.') : value;
}

std::string TalkingServer::look_up_reply(std::string_view value) const {
  return kind_ == Kind::redis ? bulk_reply(value) : meta_value(value, "");
}

std::string TalkingServer::store_reply() const {
  return kind_ == Kind::redis ? "+OK\r\n" : "HD\r\n";
}

std::string TalkingServer::count_reply(int count) const {
  const std::string digits = std::to_string(count);
  return kind_ == Kind::redis ? ":" + digits + "\r\n" : meta_value(digits, "");
}

void TalkingServer::interject(std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  for (Peer* const peer : peers_) {
    try {
      peer->send(bytes);
      peer->wait_until_delivered();
    } catch (...) {  // That client has gone.
    }
  }
}

void TalkingServer::greet_with(std::string bytes, int times) {
  const std::lock_guard lock(mutex_);
  greeting_ = std::move(bytes);
  greetings_ = times;
}

void TalkingServer::answer_once(std::size_t requests, std::string bytes) {
  const std::lock_guard lock(mutex_);
  after_ = requests;
  instead_ = std::move(bytes);
}

void TalkingServer::speak_before_next(std::string bytes) {
  const std::lock_guard lock(mutex_);
  before_ = std::move(bytes);
}

void TalkingServer::greet(Peer& peer) {
  const std::lock_guard lock(mutex_);
  if (greetings_ == 0) return;
  --greetings_;
  peer.send(greeting_);
}

void TalkingServer::serve(Peer& peer) {
  greet(peer);
  const Present present(*this, peer);
  std::string held_back;
  std::size_t held = 0;
  while (true) {
    std::string reply = read_request(peer);
    const std::lock_guard lock(mutex_);
    answer(peer, std::move(reply), held_back, held);
  }
}

void TalkingServer::answer(Peer& peer, std::string reply, std::string& held_back,
                           std::size_t& held) {
  const bool greets = reply == "MN\r\n" || reply == "+PONG\r\n";
  if (after_ == 0 || greets) {
    if (!greets && !before_.empty()) peer.send(std::exchange(before_, {}));
    peer.send(held_back + reply);
    held_back.clear();
    held = 0;
    return;
  }
  held_back += reply;
  if (++held < after_) return;
  peer.send(std::exchange(instead_, {}));
  held_back.clear();
  held = after_ = 0;
}

std::string TalkingServer::read_request(Peer& peer) const {
  return kind_ == Kind::redis ? read_resp(peer) : read_meta(peer);
}

std::string TalkingServer::read_resp(Peer& peer) const {
  const int count = std::stoi(peer.read_line().substr(1));
  Command command;
  for (int i = 0; i < count; ++i) {
    const auto size = static_cast<std::size_t>(std::stoul(peer.read_line().substr(1)));
    command.push_back(peer.read_exactly(size + 2).substr(0, size));
  }
  if (command.front() == "PING") return "+PONG\r\n";
  if (command.front() == "GET") return bulk_reply(value_of(command.at(1)));
  return command.front() == "INCRBY" ? count_reply(1) : store_reply();
}

std::string TalkingServer::read_meta(Peer& peer) const {
  std::istringstream line(peer.read_line());
  std::string verb, key, flags;
  bool versioned = false;
  line >> verb >> key;
  std::size_t size = 0;
  if (verb == "ms") {
    line >> size;
    peer.read_exactly(size + 2);
  }
  for (std::string flag; line >> flag;) {  // Those that the client wants to have back.
    if (flag.front() == 'O') flags += " " + flag;
    if (flag == "k") flags += " k" + key;
    if (flag == "c") versioned = true;
  }
  if (verb == "mn") return "MN\r\n";
  if (verb == "mg" && versioned) return "EN\r\n";  // Before it is counted up: there is no counter.
  if (verb == "mg") return meta_value(value_of(key), flags);
  return verb == "ma" ? meta_value("1", flags) : "HD" + flags + "\r\n";
}

}  // namespace cachekit::test
