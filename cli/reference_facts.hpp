#pragma once

#include "parser/reference.hpp"

namespace cachekit::cli {

/// Version, exit codes and environment variables, as the manual names them.
[[nodiscard]] ReferenceFacts reference_facts();

}  // namespace cachekit::cli
