#pragma once

#include <cstddef>
#include <cstdint>

namespace cachekit::soak {

/// A host name that this program resolves itself, to 127.0.0.1. This program's own `getaddrinfo`,
/// `send` and `sendmsg` stand before the C library's.
/// Threads: all functions may be called from any thread at once.
inline constexpr const char* soak_host = "soak.test";

/// While it hangs, nobody who asks for `soak_host` gets an answer.
void hang_resolver(bool hangs);

/// From now on the kernel takes at most so many bytes of what is sent to this port, and every other
/// time none. 0: all of them again.
void take_little(std::uint16_t port, std::size_t most);

}  // namespace cachekit::soak
