#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cachekit::test {

/// A host name whose addresses the test decides, and a count of the attempts to connect. This
/// program's own `getaddrinfo` and `connect` stand before the C library's.
/// Threads: all functions may be called from any thread at once.
inline constexpr const char* fake_host = "cache.test";

/// What `fake_host` resolves to from now on.
void set_addresses(std::vector<std::string> numeric_addresses);
/// How often `fake_host` was resolved.
[[nodiscard]] int resolutions();
/// How often somebody tried to connect to this port, at whatever address.
[[nodiscard]] int attempts_to_connect(std::uint16_t port);

}  // namespace cachekit::test
