#include <cachekit/error.hpp>

namespace cachekit {

std::string_view to_string(Errc code) noexcept {
  switch (code) {
    case Errc::invalid_argument:
      return "invalid_argument";
    case Errc::too_large:
      return "too_large";
    case Errc::timeout:
      return "timeout";
    case Errc::outcome_unknown:
      return "outcome_unknown";
    case Errc::unavailable:
      return "unavailable";
    case Errc::overloaded:
      return "overloaded";
    case Errc::rejected:
      return "rejected";
    case Errc::protocol:
      return "protocol";
    case Errc::decode:
      return "decode";
    case Errc::unsupported:
      return "unsupported";
    case Errc::cancelled:
      return "cancelled";
    case Errc::loader_failed:
      return "loader_failed";
  }
  return "unknown";
}

std::string Error::describe() const {
  return endpoint.empty() ? message : endpoint + ": " + message;
}

}  // namespace cachekit
