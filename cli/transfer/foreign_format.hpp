#pragma once

#include <cachekit/error.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cachekit::cli {

/// Why a file cannot be read, where its first bytes tell that it holds something that is not read
/// here, and how to turn it into what is.
/// `packed_by`: the programs that unpack the file down to these bytes, in their order.
[[nodiscard]] std::optional<Error> foreign_format(std::string_view first_bytes,
                                                  const std::string& path,
                                                  const std::vector<std::string>& packed_by = {});

}  // namespace cachekit::cli
