#pragma once

#include <cachekit/export.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace cachekit {

/// What went wrong, told apart by what the caller does next.
///
/// A miss is never an error: look-ups answer an empty `std::optional`.
///
/// Of what is `too_large` an older value stays where it was not to be replaced: under `if_absent`,
/// by `LeaseSet`, and where `CompareAndSet` expected another one. A reply can be it, too: then it
/// was thrown away, and the command was carried out. A `CompareAndSet` or a counter on Memcached is
/// `overloaded` where others changed the entry each time that it was looked at.
enum class Errc : std::uint8_t {
  invalid_argument,  ///< The call itself is wrong; fix the caller. Nothing was sent.
  too_large,         ///< Key, value, entry over a limit; store less. No older value is left.
  timeout,           ///< The budget ran out and nothing was changed; try again or go without.
  outcome_unknown,   ///< A write was sent and not answered; read back before you write again.
  unavailable,       ///< No server could be reached; go without, it is retried on the next call.
  overloaded,        ///< A bound of our own was hit; shed load. Nothing was changed.
  rejected,          ///< The server understood and said no (authentication, type, memory).
  protocol,          ///< The peer speaks something else; the connection was closed.
  decode,            ///< Bytes were stored that cannot be read back; treat as a miss and repair.
  unsupported,       ///< This backend cannot do that; see `Capabilities` beforehand.
  cancelled,         ///< The caller withdrew the request.
  loader_failed,     ///< The source of the data failed; its own message is in `Error::message`.
};

/// The enumerator's name, such as "outcome_unknown". Stable: scripts and dashboards use it.
[[nodiscard]] CACHEKIT_API std::string_view to_string(Errc code) noexcept;

/// A failure: what to do next (`code`), what happened (`message`), and where (`endpoint`).
///
/// The text is for people and may change; decide on `code`. No field ever holds a secret.
struct CACHEKIT_API Error {
  Errc code = Errc::invalid_argument;
  std::string message{};
  std::string endpoint{};  ///< "host:port", a socket path, "memory", or empty where none applies.
  std::string hint{};      ///< What to type or check, or empty.

  /// "endpoint: message", or the message alone.
  [[nodiscard]] std::string describe() const;

  friend bool operator==(const Error&, const Error&) = default;
};

/// A value, or the reason why there is none.
template <typename T>
using Result = tl::expected<T, Error>;

/// The unhappy arm of a `Result`: `return fail(Errc::timeout, "no reply within 500 ms", endpoint);`
[[nodiscard]] inline tl::unexpected<Error> fail(Errc code, std::string message,
                                                std::string endpoint = {}, std::string hint = {}) {
  return tl::unexpected<Error>(
      Error{code, std::move(message), std::move(endpoint), std::move(hint)});
}

/// Hands an error of one `Result` on as another's.
[[nodiscard]] inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace cachekit
