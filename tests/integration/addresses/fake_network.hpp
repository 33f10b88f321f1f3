#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cachekit::test {

/// A host name whose addresses the test decides, as it does for those that end in a dot and this
/// one, and a count of the attempts to connect. This
/// program's own `getaddrinfo`, `connect`, `pthread_create` and `operator new` stand before those
/// of the C and C++ libraries. Threads: all functions may be called from any thread at once.
inline constexpr const char* fake_host = "cache.test";

/// What these hosts resolve to from now on.
void set_addresses(std::vector<std::string> numeric_addresses);
/// How often one of them was resolved.
[[nodiscard]] int resolutions();
/// How often somebody tried to connect to this port, at whatever address.
[[nodiscard]] int attempts_to_connect(std::uint16_t port);
/// The addresses at which somebody tried to connect to this port, in order.
[[nodiscard]] std::vector<std::string> dialled(std::uint16_t port);

/// A resolver that does not answer while this object lives; then it gives what it had found at
/// once. It hangs in this process alone, not in one that is forked off.
class HungResolver {
 public:
  HungResolver();
  ~HungResolver();
  HungResolver(const HungResolver&) = delete;
  HungResolver& operator=(const HungResolver&) = delete;
};

/// While it lives, sockets that connect to this port of 127.0.0.1 have that port for their own end,
/// as a kernel may choose it, and so reach themselves.
class SelfConnecting {
 public:
  explicit SelfConnecting(std::uint16_t port);
  ~SelfConnecting();
  SelfConnecting(const SelfConnecting&) = delete;
  SelfConnecting& operator=(const SelfConnecting&) = delete;
};

/// While it lives, the thread that made it can start no thread.
class NoThreads {
 public:
  NoThreads();
  ~NoThreads();
  NoThreads(const NoThreads&) = delete;
  NoThreads& operator=(const NoThreads&) = delete;
};

/// While it lives, an allocation of the thread that made it fails: after `good` others, and `bad`
/// in a row from then on.
class NoMemory {
 public:
  explicit NoMemory(int good, int bad = 1);
  ~NoMemory();
  NoMemory(const NoMemory&) = delete;
  NoMemory& operator=(const NoMemory&) = delete;

  /// Whether all that were to fail have failed.
  [[nodiscard]] static bool spent();
};

/// From now on threads that look up a fake host have no memory after it was found, or have it.
void starve_resolver(bool starve);

}  // namespace cachekit::test
