#include "transfer/foreign_format.hpp"

#include "output/shell_word.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

using namespace std::string_view_literals;

// In a hint, {0} is the file, quoted for a shell, and {1} a name for what comes out of it.
struct Foreign {
  std::string_view begins;
  std::string_view what;
  std::string_view hint;
  std::size_t at = 0;  // Where that stands.
};

constexpr std::string_view from_utf16 = "convert it: iconv -f UTF-16 -t UTF-8 {0} > {1}";
constexpr std::string_view from_utf32 = "convert it: iconv -f UTF-32 -t UTF-8 {0} > {1}";
constexpr std::string_view unpack = "unpack it first, and name what is in it";

// The longer of two that begin alike stands first.
// Of the compressed ones among these.
constexpr std::array packed_endings{".lzma"sv, ".lz4"sv, ".lz"sv,  ".Z"sv,
                                    ".gz"sv,   ".xz"sv,  ".bz2"sv, ".zst"sv};

constexpr std::array formats{
    Foreign{"\xFF\xFE\0\0"sv, "UTF-32 text", from_utf32},
    Foreign{"\0\0\xFE\xFF"sv, "UTF-32 text", from_utf32},
    Foreign{"\xFF\xFE"sv, "UTF-16 text", from_utf16},
    Foreign{"\xFE\xFF"sv, "UTF-16 text", from_utf16},
    Foreign{"PK\x03\x04"sv, "a zip archive", unpack},
    Foreign{"7z\xBC\xAF\x27\x1C"sv, "a 7-Zip archive", unpack},
    Foreign{"Rar!\x1A\x07"sv, "a RAR archive", unpack},
    Foreign{"\0ustar"sv, "a tar archive", unpack, 256},
    Foreign{"\x5D\0\0"sv, "compressed with lzma", "unpack it: xz --format=lzma -dc {0} > {1}"},
    Foreign{"\x04\x22\x4D\x18"sv, "compressed with lz4", "unpack it: lz4 -dc {0} > {1}"},
    Foreign{"LZIP\x01"sv, "compressed with lzip", "unpack it: lzip -dc {0} > {1}"},
    Foreign{"\x1F\x9D"sv, "compressed with compress (.Z)", "unpack it: gzip -dc {0} > {1}"},
    Foreign{"CKSNAP\x1A\n"sv, "a snapshot of the memory backend",
            "turn it into records: cachekit --url memory:{0} dump > {1}"},
    Foreign{"REDIS0"sv, "a dump of Redis (RDB)",
            "start a redis-server on it, then: cachekit --url redis://HOST dump > {1}"},
    Foreign{"SQLite format 3\0"sv, "an SQLite database",
            "let it write a table: sqlite3 -csv -header {0} 'SELECT key, value FROM ...' > {1}"},
    Foreign{"PAR1"sv, "a Parquet file", "let a tool of that format write CSV or NDJSON"},
    Foreign{"Obj\x01"sv, "an Avro file", "let a tool of that format write CSV or NDJSON"},
};

// Without a byte-order mark: every other byte of plain text is 0.
const Foreign* utf16_without_mark(std::string_view bytes) {
  static constexpr Foreign little{""sv, "UTF-16 text",
                                  "convert it: iconv -f UTF-16LE -t UTF-8 {0} > {1}"};
  static constexpr Foreign big{""sv, "UTF-16 text",
                               "convert it: iconv -f UTF-16BE -t UTF-8 {0} > {1}"};
  if (bytes.size() < 4) return nullptr;
  const auto zero = [&](std::size_t i) { return bytes[i] == '\0'; };
  if (!zero(0) && zero(1) && !zero(2) && zero(3)) return &little;
  if (zero(0) && !zero(1) && zero(2) && !zero(3)) return &big;
  return nullptr;
}

// As the path of a URL; slashes stay.
std::string percent_encoded(std::string_view path) {
  std::string text;
  for (const char c : path) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                       std::string_view("/._-~").find(c) != std::string_view::npos;
    text += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return text;
}

// Next to it, with the ending that tells what it holds.
std::string converted_name(const std::filesystem::path& path) {
  const std::string ending = path.extension().string();
  const bool packed = std::ranges::find(packed_endings, ending) != packed_endings.end();
  const std::filesystem::path name = packed ? path.stem() : path.filename();
  return (path.parent_path() / ("converted-" + name.string())).string();
}

// "gzip -dc 'a.gz' | xz -dc".
std::string unpacked(const std::string& file, const std::vector<std::string>& packed_by) {
  std::string line;
  for (const std::string& program : packed_by) {
    line +=
        line.empty() ? fmt::format("{} -dc {}", program, file) : fmt::format(" | {} -dc", program);
  }
  return line;
}

// The hint for what is packed: as one pipeline where the program reads standard input.
std::string hint_for_packed(std::string_view hint, const std::string& unpack,
                            const std::string& into) {
  constexpr std::string_view reads = "-dc {0} > {1}";
  const std::size_t colon = hint.find(": ");
  const bool piped = hint.ends_with(reads) || hint.find("iconv ") != std::string_view::npos;
  if (!piped || colon == std::string_view::npos) {
    return fmt::format("unpack it first: {} > {}, and name what is in it", unpack, into);
  }
  const std::size_t file = hint.find("{0} ");
  return fmt::format("{}: {} | {}> {}", hint.substr(0, colon), unpack,
                     hint.substr(colon + 2, file - colon - 2), into);
}

}  // namespace

std::optional<Error> foreign_format(std::string_view first_bytes, const std::string& path,
                                    const std::vector<std::string>& packed_by) {
  const auto known = std::ranges::find_if(formats, [&](const Foreign& one) {
    return first_bytes.substr(std::min(one.at, first_bytes.size())).starts_with(one.begins);
  });
  const Foreign* const found = known != formats.end() ? &*known : utf16_without_mark(first_bytes);
  if (found == nullptr) return std::nullopt;
  const bool standard = path == "-";
  // What a URL would read otherwise is encoded, and what a program would take for an option is not
  // one.
  const std::string file = found->hint.find("memory:{0}") != std::string_view::npos
                               ? percent_encoded(path)
                           : path.starts_with('-') ? "./" + path
                                                   : path;
  const std::string from = standard ? "FILE" : single_quoted(file);
  const std::string packed =
      standard ? "FILE" : single_quoted(path.starts_with('-') ? "./" + path : path);
  const std::string into = standard ? "NEW" : single_quoted(converted_name(path));
  return Error{Errc::invalid_argument,
               fmt::format("{} is {}, which is not read here", standard ? "standard input" : path,
                           found->what),
               {},
               packed_by.empty() ? fmt::format(fmt::runtime(found->hint), from, into)
                                 : hint_for_packed(found->hint, unpacked(packed, packed_by), into)};
}

}  // namespace cachekit::cli
