#include "net/transport/resolve.hpp"

#include "core/fork.hpp"
#include "core/out_of_memory.hpp"
#include "net/backoff.hpp"
#include "net/wait_until.hpp"

#include <cachekit/runtime.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <netdb.h>

namespace cachekit::net {
namespace {

using Clock = Deadline::clock;
using Addresses = std::vector<SocketAddress>;

struct FreeAddressList {
  void operator()(addrinfo* list) const noexcept { freeaddrinfo(list); }
};

// Names are often listed twice in files such as /etc/hosts.
void add_each_once(const addrinfo* list, Addresses& addresses) {
  for (; list != nullptr; list = list->ai_next) {
    if (list->ai_addrlen > sizeof(sockaddr_storage)) continue;
    const auto address = SocketAddress::copy_of(list->ai_addr, list->ai_addrlen);
    if (std::ranges::find(addresses, address) == addresses.end()) addresses.push_back(address);
  }
}

// Blocks as long as it likes. Gives a status of getaddrinfo.
int look_up(const std::string& host, Addresses& addresses) noexcept {
  try {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* found = nullptr;
    const int status = getaddrinfo(host.c_str(), nullptr, &hints, &found);
    if (status != 0) return status;
    const std::unique_ptr<addrinfo, FreeAddressList> list(found);
    add_each_once(found, addresses);
    return addresses.empty() ? EAI_NONAME : 0;
  } catch (const std::exception&) {
    return EAI_MEMORY;
  }
}

// All look-ups of this process.
class Lookups {
 public:
  explicit Lookups(const Lookups* of_parent) noexcept : before(of_parent) {}

  [[nodiscard]] static Lookups& of_this_process();
  [[nodiscard]] Result<Addresses> find(const Address& address, Deadline deadline);

  /// Of the process that this one was forked off: never touched, for a thread that is not here may
  /// have held the lock, but kept.
  const Lookups* const before;

 private:
  // Guarded by mutex_.
  struct Lookup {
    std::condition_variable ended;
    bool finished = false;
    int status = 0;
    Addresses addresses{};
  };
  struct State {
    std::shared_ptr<Lookup> under_way{};
    int status = 0;  // Of the last one, which has failed.
    Backoff backoff{};
    Clock::time_point forget_at{};
  };

  [[nodiscard]] std::shared_ptr<Lookup> begin(const std::string& host, State& state);
  void run(const std::shared_ptr<Lookup>& lookup, const std::string& host) noexcept;
  void forget_old(Clock::time_point now) noexcept;

  const std::uint32_t generation_ = core::fork_generation();
  std::mutex mutex_;  // guards the member below
  // Of hosts that are being looked up, or could not be lately: whatever their ports.
  std::map<std::string, State> states_;
};

// Never destroyed: a look-up may end later than the program's static objects.
Lookups& Lookups::of_this_process() {
  static std::atomic<Lookups*> current{nullptr};
  Lookups* known = current.load(std::memory_order_acquire);
  while (known == nullptr || known->generation_ != core::fork_generation()) {
    auto fresh = std::make_unique<Lookups>(known);
    if (current.compare_exchange_strong(known, fresh.get(), std::memory_order_acq_rel)) {
      return *fresh.release();
    }
  }
  return *known;
}

tl::unexpected<Error> failure(const Address& address, int status) {
  if (status == EAI_MEMORY) return fail(out_of_memory());
  return fail(Errc::unavailable,
              fmt::format("the host name '{}' could not be resolved: {}", address.host,
                          gai_strerror(status)),
              address.endpoint(), "check the spelling of the host and the machine's DNS");
}

Result<Addresses> Lookups::find(const Address& address, Deadline deadline) {
  std::unique_lock lock(mutex_);
  std::shared_ptr<Lookup> lookup;
  while (!lookup) {
    const Clock::time_point now = Clock::now();
    forget_old(now);
    State& state = states_[address.host];
    const Clock::time_point due = state.backoff.next();
    if (state.under_way || due <= now) {
      lookup = state.under_way ? state.under_way : begin(address.host, state);
      break;
    }
    if (due > deadline.at()) return failure(address, state.status);
    lock.unlock();
    // Not all of it at once: the deadline may be cut meanwhile.
    Runtime::system().sleep_until(std::min(due, now + std::chrono::milliseconds(100)));
    lock.lock();
  }
  if (!wait_until(lookup->ended, lock, deadline, [&] { return lookup->finished; })) {
    return fail(Errc::timeout,
                fmt::format("the host name '{}' was not resolved in time", address.host),
                address.endpoint(), "check the machine's DNS, or raise the connection timeout");
  }
  if (lookup->status != 0) return failure(address, lookup->status);
  Addresses found = lookup->addresses;
  for (SocketAddress& one : found) one.set_port(address.port);
  return found;
}

// Where it throws, nothing has begun.
std::shared_ptr<Lookups::Lookup> Lookups::begin(const std::string& host, State& state) {
  auto lookup = std::make_shared<Lookup>();
  Runtime::system().execute([this, lookup, host] { run(lookup, host); });
  state.under_way = lookup;
  return lookup;
}

void Lookups::run(const std::shared_ptr<Lookup>& lookup, const std::string& host) noexcept {
  Addresses addresses;
  const int status = look_up(host, addresses);
  const std::lock_guard lock(mutex_);
  lookup->finished = true;
  lookup->status = status;
  lookup->addresses = std::move(addresses);
  lookup->ended.notify_all();
  const auto at = states_.find(host);
  if (status == 0) {
    states_.erase(at);
    return;
  }
  State& state = at->second;
  state.under_way.reset();
  state.status = status;
  state.backoff.failed(Clock::now());
  // It takes that long without a failure until the next one counts as the first.
  state.forget_at = state.backoff.next() + 4 * Backoff::longest;
}

void Lookups::forget_old(Clock::time_point now) noexcept {
  std::erase_if(states_, [now](const auto& item) {
    return !item.second.under_way && item.second.forget_at <= now;
  });
}

Result<Addresses> find(const Address& address, Deadline deadline) {
  try {
    return Lookups::of_this_process().find(address, deadline);
  } catch (const std::system_error& error) {
    return fail(
        Errc::overloaded,
        fmt::format("no thread could be started to resolve '{}': {}", address.host, error.what()),
        address.endpoint());
  }
}

}  // namespace

Result<std::vector<SocketAddress>> resolve(const Address& address, Deadline deadline) {
  try {
    if (address.is_unix()) {
      return SocketAddress::of_path(address.path).map([](const SocketAddress& path) {
        return Addresses{path};
      });
    }
    if (const auto numeric = SocketAddress::numeric(address.host, address.port)) {
      return Addresses{*numeric};
    }
    return find(address, deadline);
  } catch (const std::exception&) {
    return fail(out_of_memory());
  }
}

}  // namespace cachekit::net
