#include "support/fault_proxy.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace cachekit::test {
namespace {

constexpr std::size_t buffer_limit = 1U << 20U;

// More of one arrival is not split: a proxy slower than its clients ask would never catch up again
// with requests that are given up and asked anew.
constexpr std::size_t split_limit = 256;

void send_at_once(const Descriptor& socket) {
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

FaultProxy::FaultProxy(std::uint16_t server_port, std::optional<Speech> speech)
    : server_port_(server_port),
      speech_(speech),
      wake_(::eventfd(0, EFD_CLOEXEC)),
      listener_(listen_on_loopback(port_.number())),
      thread_([this] { run(); }) {}

FaultProxy::~FaultProxy() {
  tell([this] { ending_ = true; });
  thread_.join();
}

void FaultProxy::tell(std::function<void()> order) {
  std::packaged_task<void()> task(std::move(order));
  std::future<void> done = task.get_future();
  {
    const std::lock_guard lock(mutex_);
    orders_.push_back(std::move(task));
  }
  const std::uint64_t one = 1;
  static_cast<void>(::write(wake_.get(), &one, sizeof one));
  done.get();
}

void FaultProxy::hold_requests() {
  tell([this] { hold_requests_ = true; });
}

void FaultProxy::hold_replies() {
  tell([this] { hold_replies_ = true; });
}

void FaultProxy::stall() {
  tell([this] { hold_requests_ = hold_replies_ = true; });
}

void FaultProxy::hold_requests_after(std::size_t bytes) {
  tell([this, bytes] {
    hold_requests_after_ = bytes;
    for (Link& link : links_) link.request.passed = 0;
  });
}

void FaultProxy::interject(std::string bytes) {
  tell([this, bytes = std::move(bytes)] {
    for (Link& link : links_) {
      link.interjection = bytes;
      interject_if_between(link);
      if (!hold_replies_) pass_on(link, Way::reply);
    }
  });
}

void FaultProxy::pass() {
  tell([this] {
    hold_requests_ = hold_replies_ = false;
    hold_requests_after_.reset();
    cut_requests_ = cut_replies_ = {};
  });
}

void FaultProxy::cut_requests_after(std::size_t bytes, int times) {
  tell([this, bytes, times] {
    cut_requests_ = {.after = bytes, .times = times};
    for (Link& link : links_) link.request.passed = 0;
  });
}

void FaultProxy::cut_replies_after(std::size_t bytes, int times) {
  tell([this, bytes, times] {
    cut_replies_ = {.after = bytes, .times = times};
    for (Link& link : links_) link.reply.passed = 0;
  });
}

void FaultProxy::split_bytes() {
  tell([this] { split_ = true; });
}

void FaultProxy::join_bytes() {
  tell([this] { split_ = false; });
}

void FaultProxy::reset_connections() {
  tell([this] {
    for (Link& link : links_) reset(link.client);
    links_.clear();
  });
}

void FaultProxy::close_connections() {
  tell([this] { links_.clear(); });
}

void FaultProxy::refuse() {
  tell([this] { listener_.close(); });
}

void FaultProxy::accept() {
  tell([this] { listener_ = listen_on_loopback(port_.number()); });
}

void FaultProxy::run() {
  std::vector<pollfd> entries;
  while (!ending_) {
    entries = {{.fd = wake_.get(), .events = POLLIN, .revents = 0},
               {.fd = listener_.get(), .events = POLLIN, .revents = 0}};
    for (const Link& link : links_) {
      entries.push_back(
          {.fd = link.client.get(), .events = interest(link, Way::request), .revents = 0});
      entries.push_back(
          {.fd = link.server.get(), .events = interest(link, Way::reply), .revents = 0});
    }
    ::poll(entries.data(), entries.size(), -1);

    std::size_t at = 2;
    for (Link& link : links_) {
      serve(link, entries[at].revents, entries[at + 1].revents);
      at += 2;
    }
    links_.remove_if([](const Link& link) { return link.over; });
    if (entries[1].revents != 0) take_connection();
    if (entries[0].revents != 0) obey();
  }
}

void FaultProxy::obey() {
  std::uint64_t count = 0;
  static_cast<void>(::read(wake_.get(), &count, sizeof count));
  std::vector<std::packaged_task<void()>> orders;
  {
    const std::lock_guard lock(mutex_);
    orders.swap(orders_);
  }
  for (auto& order : orders) order();
}

void FaultProxy::take_connection() {
  Descriptor client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!client.open()) return;
  ++accepted_;
  Descriptor server = connect_to_loopback(server_port_);
  if (!server.open()) return reset(client);
  send_at_once(client);
  Link& link = links_.emplace_back(Link{.client = std::move(client), .server = std::move(server)});
  if (speech_) link.said.emplace(*speech_);
}

// What to wait for on the socket that `incoming` comes from and the other way goes to.
short FaultProxy::interest(const Link& link, Way incoming) const {
  const bool from_client = incoming == Way::request;
  const Pipe& in = from_client ? link.request : link.reply;
  const Pipe& out = from_client ? link.reply : link.request;
  const bool out_held = held(link, from_client ? Way::reply : Way::request);
  int events = 0;
  if (!in.ended && in.buffer.size() < buffer_limit) events |= POLLIN;
  if (!out.buffer.empty() && !out_held) events |= POLLOUT;
  return static_cast<short>(events);
}

void FaultProxy::serve(Link& link, short client_events, short server_events) {
  if ((client_events & (POLLIN | POLLERR | POLLHUP)) != 0) {
    take_in(link.client, link.request, request_bytes_);
  }
  if ((server_events & (POLLIN | POLLERR | POLLHUP)) != 0) {
    const std::size_t before = link.reply.buffer.size();
    take_in(link.server, link.reply, reply_bytes_);
    if (link.said) link.said->follow(std::string_view(link.reply.buffer).substr(before));
    interject_if_between(link);
  }
  if (!hold_requests_) pass_on(link, Way::request);
  if (!hold_replies_ && !link.over) pass_on(link, Way::reply);
  // A client that leaves takes its server connection along, and the other way round, once all that
  // was said has been delivered.
  const bool client_left =
      link.request.ended && (held(link, Way::request) || link.request.buffer.empty());
  const bool server_left = link.reply.ended && (hold_replies_ || link.reply.buffer.empty());
  if (client_left || server_left) link.over = true;
}

bool FaultProxy::held(const Link& link, Way way) const {
  if (way == Way::reply) return hold_replies_;
  return hold_requests_ || (hold_requests_after_ && link.request.passed >= *hold_requests_after_);
}

void FaultProxy::interject_if_between(Link& link) {
  if (link.interjection.empty() || !link.said || !link.said->between_replies()) return;
  link.reply.buffer += std::exchange(link.interjection, {});
}

void FaultProxy::take_in(Descriptor& from, Pipe& pipe, std::atomic<std::uint64_t>& counter) {
  if (pipe.ended || pipe.buffer.size() >= buffer_limit) return;
  const std::string bytes = read_some(from);
  if (bytes.empty()) pipe.ended = true;
  counter += bytes.size();
  pipe.buffer += bytes;
}

void FaultProxy::pass_on(Link& link, Way way) {
  Pipe& pipe = way == Way::request ? link.request : link.reply;
  Cut& cut = way == Way::request ? cut_requests_ : cut_replies_;
  const Descriptor& to = way == Way::request ? link.server : link.client;
  std::size_t done = 0;  // What has gone is taken out of the buffer at the end, all at once.
  while (done < pipe.buffer.size()) {
    std::size_t amount = split_ && done < split_limit ? 1 : pipe.buffer.size() - done;
    if (way == Way::request && hold_requests_after_) {
      if (held(link, way)) break;
      amount = std::min(amount, *hold_requests_after_ - pipe.passed);
    }
    if (cut.times > 0) {
      if (pipe.passed >= cut.after) {
        --cut.times;
        reset(link.client);
        link.over = true;
        return;
      }
      amount = std::min(amount, cut.after - pipe.passed);
    }
    const ssize_t sent =
        ::send(to.get(), pipe.buffer.data() + done, amount, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EAGAIN) break;
    if (sent <= 0) {
      link.over = true;
      return;
    }
    pipe.passed += static_cast<std::size_t>(sent);
    done += static_cast<std::size_t>(sent);
  }
  pipe.buffer.erase(0, done);
}

}  // namespace cachekit::test
