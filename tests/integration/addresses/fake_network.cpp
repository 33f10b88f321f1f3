#include "fake_network.hpp"

#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <limits>
#include <map>
#include <mutex>
#include <new>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace cachekit::test {
namespace {

thread_local bool no_threads = false;
thread_local int good_allocations = 0;
thread_local int bad_allocations = 0;

struct State {
  std::mutex mutex;  // guards the members below
  std::condition_variable changed;
  std::vector<std::string> addresses;
  int resolutions = 0;
  std::map<std::uint16_t, std::vector<std::string>> dialled;
  pid_t hung = 0;  // The process in which resolving hangs.
  bool starve = false;
  std::uint16_t self_connecting = 0;
};

State& state() {
  static State* const forever = new State;  // Threads may outlive main.
  return *forever;
}

void note_attempt(const sockaddr* address) {
  std::uint16_t port = 0;
  std::array<char, INET6_ADDRSTRLEN> host{};
  if (address->sa_family == AF_INET) {
    const auto* const v4 = reinterpret_cast<const sockaddr_in*>(address);
    port = ntohs(v4->sin_port);
    ::inet_ntop(AF_INET, &v4->sin_addr, host.data(), host.size());
  } else if (address->sa_family == AF_INET6) {
    const auto* const v6 = reinterpret_cast<const sockaddr_in6*>(address);
    port = ntohs(v6->sin6_port);
    ::inet_ntop(AF_INET6, &v6->sin6_addr, host.data(), host.size());
  }
  const std::lock_guard lock(state().mutex);
  state().dialled[port].emplace_back(host.data());
}

void bind_to_target(int socket, const sockaddr* address) {
  if (address->sa_family != AF_INET) return;
  const auto* const v4 = reinterpret_cast<const sockaddr_in*>(address);
  const std::lock_guard lock(state().mutex);
  if (state().self_connecting == 0 || ntohs(v4->sin_port) != state().self_connecting) return;
  ::bind(socket, address, sizeof *v4);
}

using Resolve = int (*)(const char*, const char*, const addrinfo*, addrinfo**);

Resolve real_resolve() { return reinterpret_cast<Resolve>(::dlsym(RTLD_NEXT, "getaddrinfo")); }

// The lists of single addresses, hung one behind the other; freeaddrinfo takes it apart again.
int resolve_fake_host(const char* service, const addrinfo* hints, addrinfo** result) {
  std::vector<std::string> addresses;
  {
    std::unique_lock lock(state().mutex);
    ++state().resolutions;
    addresses = state().addresses;
    state().changed.wait(lock, [] { return state().hung != ::getpid(); });
    if (state().starve) bad_allocations = std::numeric_limits<int>::max();
  }
  const int failing = std::exchange(bad_allocations, 0);
  addrinfo numeric = *hints;
  numeric.ai_flags = AI_NUMERICHOST;
  addrinfo** end = result;
  for (const std::string& address : addresses) {
    if (real_resolve()(address.c_str(), service, &numeric, end) != 0) continue;
    while (*end != nullptr) end = &(*end)->ai_next;
  }
  bad_allocations = failing;
  return end == result ? EAI_NONAME : 0;
}

bool is_fake(std::string_view host) {
  return host == fake_host || host.ends_with(std::string(".") + fake_host);
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
  return static_cast<int>(state().dialled[port].size());
}

std::vector<std::string> dialled(std::uint16_t port) {
  const std::lock_guard lock(state().mutex);
  return state().dialled[port];
}

HungResolver::HungResolver() {
  const std::lock_guard lock(state().mutex);
  state().hung = ::getpid();
}

HungResolver::~HungResolver() {
  const std::lock_guard lock(state().mutex);
  state().hung = 0;
  state().changed.notify_all();
}

SelfConnecting::SelfConnecting(std::uint16_t port) {
  const std::lock_guard lock(state().mutex);
  state().self_connecting = port;
}

SelfConnecting::~SelfConnecting() {
  const std::lock_guard lock(state().mutex);
  state().self_connecting = 0;
}

NoThreads::NoThreads() { no_threads = true; }
NoThreads::~NoThreads() { no_threads = false; }

NoMemory::NoMemory(int good, int bad) {
  good_allocations = good;
  bad_allocations = bad;
}
NoMemory::~NoMemory() { bad_allocations = 0; }
bool NoMemory::spent() { return bad_allocations == 0; }

void starve_resolver(bool starve) {
  const std::lock_guard lock(state().mutex);
  state().starve = starve;
}

namespace {

void* allocate(std::size_t bytes) {
  if (bad_allocations > 0 && good_allocations > 0) {
    --good_allocations;
  } else if (bad_allocations > 0) {
    --bad_allocations;
    throw std::bad_alloc();
  }
  void* const block = std::malloc(bytes == 0 ? 1 : bytes);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

using Start = void* (*)(void*);
using CreateThread = int (*)(pthread_t*, const pthread_attr_t*, Start, void*);

}  // namespace

int create_thread(pthread_t* thread, const pthread_attr_t* attributes, Start start,
                  void* argument) {
  static const auto real = reinterpret_cast<CreateThread>(::dlsym(RTLD_NEXT, "pthread_create"));
  return no_threads ? EAGAIN : real(thread, attributes, start, argument);
}

}  // namespace cachekit::test

// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name)
extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints,
                           addrinfo** result) {
  using namespace cachekit::test;
  if (host == nullptr || hints == nullptr || !is_fake(host)) {
    return real_resolve()(host, service, hints, result);
  }
  if ((hints->ai_flags & AI_NUMERICHOST) != 0) return EAI_NONAME;
  return resolve_fake_host(service, hints, result);
}

extern "C" int connect(int socket, const sockaddr* address, socklen_t length) {
  cachekit::test::note_attempt(address);
  cachekit::test::bind_to_target(socket, address);
  return static_cast<int>(::syscall(SYS_connect, socket, address, length));
}

extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                              void* (*start)(void*), void* argument) noexcept {
  return cachekit::test::create_thread(thread, attributes, start, argument);
}
// NOLINTEND(readability-inconsistent-declaration-parameter-name)

void* operator new(std::size_t bytes) { return cachekit::test::allocate(bytes); }
void* operator new[](std::size_t bytes) { return cachekit::test::allocate(bytes); }
void* operator new(std::size_t bytes, const std::nothrow_t& /*tag*/) noexcept {
  return std::malloc(bytes == 0 ? 1 : bytes);
}
void* operator new[](std::size_t bytes, const std::nothrow_t& /*tag*/) noexcept {
  return std::malloc(bytes == 0 ? 1 : bytes);
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete[](void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete[](void* block, std::size_t) noexcept { std::free(block); }
