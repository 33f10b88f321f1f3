#include "output/printable.hpp"

#include <cachekit/utf8.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

// A run of bytes that are shown together, or not.
struct Piece {
  std::string_view bytes{};
  char32_t code_point = 0;
  bool valid = true;  // UTF-8.
};

Piece piece_at(std::string_view text, std::size_t i) {
  const std::size_t length = utf8_length(text, i);
  if (length == 0) return {.bytes = text.substr(i, 1), .valid = false};
  Piece piece{.bytes = text.substr(i, length)};
  const auto first = static_cast<unsigned char>(piece.bytes.front());
  piece.code_point = length == 1 ? first : first & (0x7FU >> length);
  for (const char c : piece.bytes.substr(1)) {
    piece.code_point = piece.code_point << 6U | (static_cast<unsigned char>(c) & 0x3FU);
  }
  return piece;
}

// C0, DEL and C1; the bidirectional controls (Unicode Annex 9); line and paragraph separators.
bool is_control(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0x061C || code == 0x200E ||
         code == 0x200F || (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

template <typename Escape>
std::string escaped(std::string_view text, const Escape& escape) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const Piece piece = piece_at(text, i);
    if (piece.valid && !is_control(piece.code_point)) {
      out += piece.bytes;
    } else {
      escape(piece, out);
    }
    i += piece.bytes.size();
  }
  return out;
}

void append_hex(std::string_view bytes, std::string& out) {
  for (const char c : bytes) {
    fmt::format_to(std::back_inserter(out), "\\x{:02X}", static_cast<unsigned char>(c));
  }
}

}  // namespace

std::string escape_controls(std::string_view text, std::string_view keep) {
  return escaped(text, [keep](const Piece& piece, std::string& out) {
    if (keep.find(piece.bytes) != std::string_view::npos) {
      out += piece.bytes;
    } else {
      append_hex(piece.bytes, out);
    }
  });
}

std::string escape_controls_in_json(std::string_view json) {
  return escaped(json, [](const Piece& piece, std::string& out) {
    if (!piece.valid || piece.code_point < 0x20) {
      out += piece.bytes;  // Between the tokens of the JSON: line ends.
    } else {
      fmt::format_to(std::back_inserter(out), "\\u{:04X}",
                     static_cast<std::uint32_t>(piece.code_point));
    }
  });
}

std::string printable(std::string_view text) {
  return escaped(text, [](const Piece& piece, std::string& out) {
    if (piece.bytes == "\n") {
      out += "\\n";
    } else {
      append_hex(piece.bytes, out);
    }
  });
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
