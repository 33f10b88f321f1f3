#pragma once

#include "output/json.hpp"

#include <cachekit/envelope.hpp>

#include <chrono>
#include <string>

namespace cachekit::cli {

/// How long ago the value came from its source, by this machine's clock.
[[nodiscard]] std::chrono::milliseconds age_of(const EnvelopeView& envelope);

/// The fields of an envelope, one "name<TAB>value" a line, then an empty line.
[[nodiscard]] std::string envelope_text(const EnvelopeView& envelope);
[[nodiscard]] Json envelope_json(const EnvelopeView& envelope);

}  // namespace cachekit::cli
