#include "net/pool/dialer.hpp"

#include "core/out_of_memory.hpp"
#include "net/transport/resolve.hpp"
#include "net/transport/socket.hpp"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <utility>

namespace cachekit::net {
namespace {

// How many connections may be made for one, as long as the protocol learns from each that failed.
constexpr int max_handshakes = 4;

// How long an address may say nothing in the first round, while there are others: the Connection
// Attempt Delay that RFC 8305 recommends. Each round doubles it.
constexpr std::chrono::milliseconds first_patience{250};
constexpr int most_doublings = 10;
// The last of a round has nobody behind it but those that have had their turn: so much more for it.
constexpr int patience_with_last = 8;

Deadline share_of(Deadline deadline, std::size_t left, std::size_t candidates, int round) noexcept {
  if (candidates == 1) return deadline;
  const auto patience = first_patience * (1 << std::min(round, most_doublings));
  if (left == 1) return earlier(deadline, Deadline::after(patience * patience_with_last));
  const auto fair = deadline.remaining() / static_cast<std::int64_t>(left);
  return earlier(deadline, Deadline::after(std::min(patience, fair)));
}

// Whether another address may serve where one did not.
bool worth_another(Errc code) noexcept {
  return code == Errc::unavailable || code == Errc::timeout || code == Errc::protocol;
}

// That which is to be tried first comes first; the order of the others is the resolver's.
void put_first(const std::optional<SocketAddress>& first, std::vector<SocketAddress>& addresses) {
  if (!first) return;
  const auto at = std::ranges::find(addresses, *first);
  if (at != addresses.end()) std::rotate(addresses.begin(), at, at + 1);
}

Error at(Error error, const Address& address) {
  error.endpoint = address.endpoint();
  if (error.hint.empty()) error.hint = "check that a server listens there and that it is reachable";
  return error;
}

}  // namespace

struct Dialer::Attempt {
  Result<std::unique_ptr<Connection>> outcome;
  bool connected;  // The peer has accepted, at least.

  // How much a failure says.
  [[nodiscard]] int weight() const noexcept {
    const bool silent = outcome.error().code == Errc::timeout;
    return (connected ? 2 : 0) + (silent ? 0 : 1);
  }
};

struct Dialer::Failure {
  Error error{};
  int weight = -1;

  void consider(Attempt&& attempt) {
    if (attempt.weight() < weight) return;
    weight = attempt.weight();
    error = std::move(attempt.outcome).error();
  }
};

Dialer::Dialer(Address address, std::shared_ptr<const Protocol> protocol, AddressSource where)
    : address_(std::move(address)), protocol_(std::move(protocol)), where_(std::move(where)) {}

Result<std::unique_ptr<Connection>> Dialer::open(Deadline deadline) {
  try {
    if (!where_) return open_any(address_, deadline);
    const Result<Address> address = where_(deadline);
    return address ? open_any(*address, deadline) : fail(address.error());
  } catch (const std::exception&) {
    return fail(out_of_memory());
  }
}

Result<std::unique_ptr<Connection>> Dialer::open_any(const Address& address, Deadline deadline) {
  Result<std::vector<SocketAddress>> resolved = resolve(address, deadline);
  if (!resolved) {
    protocol_->forget();
    return fail(std::move(resolved).error());
  }
  std::vector<SocketAddress> candidates = *std::move(resolved);
  const std::optional<SocketAddress> first = this->first();
  put_first(first, candidates);
  // If none serves, the next call begins elsewhere, so that each address gets the longest time
  // once.
  const SocketAddress second = candidates[candidates.size() > 1 ? 1 : 0];

  Failure failure;
  for (int round = 0; !candidates.empty(); ++round) {
    std::vector<SocketAddress> silent;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const std::size_t left = candidates.size() - i;
      Attempt made =
          attempt(address, candidates[i], share_of(deadline, left, candidates.size(), round));
      if (made.outcome) {
        note_served(candidates[i]);
        return std::move(made.outcome);
      }
      const Errc code = made.outcome.error().code;
      if (!worth_another(code)) return std::move(made.outcome);
      if (code == Errc::timeout) silent.push_back(candidates[i]);
      failure.consider(std::move(made));
      if (deadline.expired()) break;
    }
    if (deadline.expired() || candidates.size() == 1) break;
    candidates = std::move(silent);
  }
  note_failed(first, second);
  return fail(std::move(failure.error));
}

Dialer::Attempt Dialer::attempt(const Address& address, const SocketAddress& to,
                                Deadline deadline) const {
  for (int handshakes = 1;; ++handshakes) {
    Result<Socket> socket = Socket::connect(to, deadline);
    if (!socket) {
      protocol_->forget();
      return {fail(at(std::move(socket).error(), address)), false};
    }
    auto greeted = Connection::greet(*std::move(socket), address.endpoint(), *protocol_, deadline);
    if (greeted || !protocol_->learned_from(greeted.error())) return {std::move(greeted), true};
    if (handshakes < max_handshakes) continue;
    protocol_->forget();
    return {std::move(greeted), true};
  }
}

std::optional<SocketAddress> Dialer::first() const {
  const core::MutexLock lock(mutex_);
  return first_;
}

void Dialer::note_served(const SocketAddress& address) {
  const core::MutexLock lock(mutex_);
  first_ = address;
}

// Another call may know better meanwhile.
void Dialer::note_failed(const std::optional<SocketAddress>& first, const SocketAddress& second) {
  const core::MutexLock lock(mutex_);
  if (first_ == first) first_ = second;
}

}  // namespace cachekit::net
