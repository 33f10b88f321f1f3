#include "output/envelope_fields.hpp"

#include <cachekit/runtime.hpp>
#include <cachekit/units.hpp>

#include <algorithm>
#include <ctime>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace cachekit::cli {
namespace {

std::string date(UnixMillis at) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)),
                     (at - seconds).count());
}

}  // namespace

std::chrono::milliseconds age_of(const EnvelopeView& envelope) {
  const auto now = std::chrono::floor<std::chrono::milliseconds>(Runtime::current().wall());
  return std::max(now - envelope.created, std::chrono::milliseconds(0));
}

std::string envelope_text(const EnvelopeView& envelope) {
  return fmt::format(
      "codec\t{}\nschema\t{}\ncreated\t{}\nexpiry\t{}\nload_cost\t{}us\npayload\t{} bytes\n\n",
      to_string(envelope.codec), envelope.schema, date(envelope.created),
      envelope.expiry ? date(*envelope.expiry) : "none", envelope.load_cost.count(),
      envelope.payload.size());
}

Json envelope_json(const EnvelopeView& envelope) {
  return {
      {"codec", to_string(envelope.codec)},
      {"schema", envelope.schema},
      {"created_ms", envelope.created.time_since_epoch().count()},
      {"expiry_ms", envelope.expiry ? Json(envelope.expiry->time_since_epoch().count()) : Json()},
      {"load_cost_us", envelope.load_cost.count()},
      {"payload_bytes", envelope.payload.size()}};
}

}  // namespace cachekit::cli
