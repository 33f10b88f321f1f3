#include "net/resolve.hpp"

#include "net/wait_until.hpp"

#include <condition_variable>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>

#include <fmt/format.h>

namespace cachekit::net {
namespace {

struct Lookup {
  std::mutex mutex;  // guards the members below
  std::condition_variable done;
  bool finished = false;
  int status = 0;
  AddressList list;
};

int look_up(const std::string& host, const std::string& port, int flags, AddressList& list) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int status = getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  list.reset(status == 0 ? found : nullptr);
  return status;
}

Result<AddressList> no_such_host(const Address& address, int status) {
  return fail(Errc::unavailable,
              fmt::format("the host name '{}' could not be resolved: {}", address.host,
                          gai_strerror(status)),
              address.endpoint(), "check the spelling of the host and the machine's DNS");
}

}  // namespace

Result<AddressList> resolve(const Address& address, Deadline deadline) {
  const std::string port = std::to_string(address.port);
  AddressList numeric;
  if (look_up(address.host, port, AI_NUMERICHOST, numeric) == 0) return numeric;

  // The thread may outlive this call, so it owns its part of the state.
  const auto lookup = std::make_shared<Lookup>();
  try {
    std::thread([lookup, host = address.host, port] {
      AddressList list;
      const int status = look_up(host, port, AI_ADDRCONFIG, list);
      const std::lock_guard lock(lookup->mutex);
      lookup->status = status;
      lookup->list = std::move(list);
      lookup->finished = true;
      lookup->done.notify_one();
    }).detach();
  } catch (const std::system_error& error) {
    return fail(
        Errc::overloaded,
        fmt::format("no thread could be started to resolve '{}': {}", address.host, error.what()),
        address.endpoint());
  }

  std::unique_lock lock(lookup->mutex);
  const auto finished = [&] { return lookup->finished; };
  if (!wait_until(lookup->done, lock, deadline, finished)) {
    return fail(Errc::timeout,
                fmt::format("the host name '{}' was not resolved in time", address.host),
                address.endpoint(), "check the machine's DNS, or raise the connection timeout");
  }
  if (lookup->status != 0) return no_such_host(address, lookup->status);
  return std::move(lookup->list);
}

}  // namespace cachekit::net
