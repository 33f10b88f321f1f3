#pragma once

#include <string>
#include <vector>

namespace cachekit::cli {

/// Takes the numbers out of JSON text, so that a parser does not spell them anew, round them or
/// find them too large: each becomes a 0 and spaces of the same length. Gives those that stand in
/// the outermost brackets, in order, as they were written. What is no number by RFC 8259 (`01`,
/// `+1`) stays, for the parser to complain about.
[[nodiscard]] std::vector<std::string> take_out_numbers(std::string& json);

}  // namespace cachekit::cli
