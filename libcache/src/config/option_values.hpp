#pragma once

#include <cachekit/config.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cachekit::config {

// How the text of an option becomes a value. Every error says what was expected, and quotes the
// text only where it cannot be a secret that ended up in the wrong place.

[[nodiscard]] Result<std::uint64_t> parse_whole(std::string_view text, std::uint64_t low,
                                                std::uint64_t high);
[[nodiscard]] Result<bool> parse_boolean(std::string_view text);
/// More than zero, or "forever": 0 must not turn into "no limit" by accident.
[[nodiscard]] Result<std::chrono::milliseconds> parse_budget(std::string_view text);
[[nodiscard]] Result<Bytes> parse_size(std::string_view text, Bytes low, Bytes high);
[[nodiscard]] Result<BackendKind> parse_backend(std::string_view text);
[[nodiscard]] Result<EvictionPolicy> parse_policy(std::string_view text);
/// A host name or an address, brackets around IPv6 taken off.
[[nodiscard]] Result<std::string> parse_host(std::string_view text);
/// Free of control bytes; may be empty.
[[nodiscard]] Result<std::string> parse_path(std::string_view text);
/// Of a user at a server.
[[nodiscard]] Result<std::string> parse_user(std::string_view text);
/// A path that fits into a socket's address.
[[nodiscard]] Result<std::string> parse_socket_path(std::string_view text);
/// Printable and without blanks; may be empty.
[[nodiscard]] Result<std::string> parse_word(std::string_view text);
/// Memcached servers between commas; may be empty.
[[nodiscard]] Result<std::vector<std::string>> parse_server_list(std::string_view text);

/// The size as `parse_bytes` reads it back without loss.
[[nodiscard]] std::string exact_size(Bytes bytes);

}  // namespace cachekit::config
