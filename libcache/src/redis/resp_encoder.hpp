#pragma once

#include <span>
#include <string>
#include <string_view>

namespace cachekit::redis {

/// Appends a command as RESP (an array of bulk strings): binary-safe, so no argument can be taken
/// for a command.
void append_command(std::string& out, std::span<const std::string_view> arguments);

}  // namespace cachekit::redis
