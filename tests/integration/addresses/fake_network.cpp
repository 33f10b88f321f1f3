#include "fake_network.hpp"

#include <map>
#include <mutex>
#include <utility>

#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace cachekit::test {
namespace {

struct State {
  std::mutex mutex;  // guards the members below
  std::vector<std::string> addresses;
  int resolutions = 0;
  std::map<std::uint16_t, int> attempts;
};

State& state() {
  static State* const forever = new State;  // Threads may outlive main.
  return *forever;
}

void count_attempt(const sockaddr* address) {
  std::uint16_t port = 0;
  if (address->sa_family == AF_INET) {
    port = ntohs(reinterpret_cast<const sockaddr_in*>(address)->sin_port);
  } else if (address->sa_family == AF_INET6) {
    port = ntohs(reinterpret_cast<const sockaddr_in6*>(address)->sin6_port);
  }
  const std::lock_guard lock(state().mutex);
  ++state().attempts[port];
}

using Resolve = int (*)(const char*, const char*, const addrinfo*, addrinfo**);

Resolve real_resolve() { return reinterpret_cast<Resolve>(::dlsym(RTLD_NEXT, "getaddrinfo")); }

// The lists of single addresses, hung one behind the other; freeaddrinfo takes it apart again.
int resolve_fake_host(const char* service, const addrinfo* hints, addrinfo** result) {
  std::vector<std::string> addresses;
  {
    const std::lock_guard lock(state().mutex);
    ++state().resolutions;
    addresses = state().addresses;
  }
  addrinfo numeric = *hints;
  numeric.ai_flags = AI_NUMERICHOST;
  addrinfo** end = result;
  for (const std::string& address : addresses) {
    if (real_resolve()(address.c_str(), service, &numeric, end) != 0) continue;
    while (*end != nullptr) end = &(*end)->ai_next;
  }
  return end == result ? EAI_NONAME : 0;
}

}  // namespace

void set_addresses(std::vector<std::string> numeric_addresses) {
  const std::lock_guard lock(state().mutex);
  state().addresses = std::move(numeric_addresses);
}

int resolutions() {
  const std::lock_guard lock(state().mutex);
  return state().resolutions;
}

int attempts_to_connect(std::uint16_t port) {
  const std::lock_guard lock(state().mutex);
  return state().attempts[port];
}

}  // namespace cachekit::test

// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name)
extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints,
                           addrinfo** result) {
  using namespace cachekit::test;
  if (host == nullptr || hints == nullptr || std::string(host) != fake_host) {
    return real_resolve()(host, service, hints, result);
  }
  if ((hints->ai_flags & AI_NUMERICHOST) != 0) return EAI_NONAME;
  return resolve_fake_host(service, hints, result);
}

extern "C" int connect(int socket, const sockaddr* address, socklen_t length) {
  cachekit::test::count_attempt(address);
  return static_cast<int>(::syscall(SYS_connect, socket, address, length));
}
// NOLINTEND(readability-inconsistent-declaration-parameter-name)
