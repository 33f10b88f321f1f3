#include "output/printable.hpp"

#include <iterator>

#include <fmt/format.h>

namespace cachekit::cli {

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7F) {
      fmt::format_to(std::back_inserter(out), "\\x{:02X}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

std::string without_credentials(std::string_view text) {
  std::string out;
  while (true) {
    const std::size_t scheme = text.find("://");
    if (scheme == std::string_view::npos) return out.append(text);
    const std::string_view rest = text.substr(scheme + 3);
    const std::size_t at = rest.substr(0, rest.find_first_of(" \t\n")).rfind('@');
    out.append(text.substr(0, scheme + 3));
    if (at != std::string_view::npos) out += "***";
    text = at == std::string_view::npos ? rest : rest.substr(at);
  }
}

}  // namespace cachekit::cli
