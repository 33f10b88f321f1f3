#include "transfer/data_input.hpp"

#include "transfer/decompressor.hpp"
#include "transfer/foreign_format.hpp"

#include <algorithm>
#include <cctype>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t looked_at = 512;  // A tar archive tells what it is from byte 256 on.
constexpr int most_layers = 3;          // Of compression.
constexpr std::string_view utf8_mark = "\xEF\xBB\xBF"sv;

using Make = std::unique_ptr<Decompressor> (*)();

struct Compression {
  std::string_view program;
  Make make;  // Null where this was built without the library.
};

#ifdef CACHEKIT_CLI_BZIP2
constexpr Make bzip2 = make_bzip2_decompressor;
#else
constexpr Make bzip2 = nullptr;
#endif
#ifdef CACHEKIT_CLI_ZSTD
constexpr Make zstd = make_zstd_decompressor;
#else
constexpr Make zstd = nullptr;
#endif

bool is_bzip2(std::string_view bytes) {
  return bytes.size() >= 10 && bytes.starts_with("BZh"sv) && bytes[3] >= '1' && bytes[3] <= '9' &&
         (bytes.substr(4, 6) == "1AY&SY"sv || bytes.substr(4, 6) == "\x17rE8P\x90"sv);
}

bool is_zstd(std::string_view bytes) {
  const bool frame = bytes.starts_with("\x28\xB5\x2F\xFD"sv);
  const bool skipped = bytes.size() >= 4 && bytes.substr(1, 3) == "\x2A\x4D\x18"sv &&
                       (static_cast<unsigned char>(bytes[0]) & 0xF0U) == 0x50U;
  return frame || skipped;
}

std::optional<Compression> compression_of(std::string_view bytes) {
  if (bytes.starts_with("\x1F\x8B\x08"sv)) return Compression{"gzip", make_gzip_decompressor};
  if (bytes.starts_with("\xFD"
                        "7zXZ\0"sv)) {
    return Compression{"xz", make_xz_decompressor};
  }
  if (is_bzip2(bytes)) return Compression{"bzip2", bzip2};
  if (is_zstd(bytes)) return Compression{"zstd", zstd};
  return std::nullopt;
}

// Gives the bytes that were looked at, then the rest.
ReadSome put_back(std::string begun, ReadSome read) {
  return [read = std::move(read), begun = std::move(begun),
          at = std::size_t{0}](std::span<char> into) mutable -> Result<std::size_t> {
    if (at == begun.size()) return read(into);
    const std::size_t length = std::min(into.size(), begun.size() - at);
    std::copy_n(begun.data() + at, length, into.data());
    at += length;
    return length;
  };
}

// Fewer only at the end, and at the end of a line: who types is not to be kept waiting.
Result<std::string> first_bytes(const ReadSome& read) {
  std::string begun(looked_at, '\0');
  std::size_t have = 0;
  while (have < begun.size() && (have == 0 || begun[have - 1] != '\n')) {
    const Result<std::size_t> got = read(std::span(begun).subspan(have));
    if (!got) return fail(got.error());
    if (*got == 0) break;
    have += *got;
  }
  begun.resize(have);
  return begun;
}

tl::unexpected<Error> cannot_decompress(std::string_view program, const std::string& name) {
  return fail(
      Errc::invalid_argument,
      fmt::format("{} is compressed with {}, which this cachekit was built without", name, program),
      {}, fmt::format("unpack it with '{} -dc' first", program));
}

}  // namespace

Result<DataInput> recognise(ReadSome read, const std::string& path) {
  const std::string name = path == "-" ? "standard input" : path;
  DataInput input{std::move(read)};
  std::vector<std::string> packed_by;  // The outermost first.
  for (int layer = 0;; ++layer) {
    Result<std::string> begun = first_bytes(input.read);
    if (!begun) return fail(std::move(begun).error());
    if (std::optional<Error> foreign = foreign_format(*begun, path, packed_by)) {
      return fail(*std::move(foreign));
    }
    const std::optional<Compression> compression = compression_of(*begun);
    if (!compression || layer == most_layers) {
      if (begun->starts_with(utf8_mark)) begun->erase(0, utf8_mark.size());
      input.read = put_back(*std::move(begun), std::move(input.read));
      return input;
    }
    if (compression->make == nullptr) return cannot_decompress(compression->program, name);
    input.compressed = true;
    packed_by.emplace_back(compression->program);
    input.read = decompressed(put_back(*std::move(begun), std::move(input.read)),
                              compression->make(), name, std::string(compression->program));
  }
}

Result<DataInput> open_data(const std::string& path, std::function<bool()> interrupted) {
  return open_input(path, std::move(interrupted)).and_then([&](ReadSome read) {
    return recognise(std::move(read), path);
  });
}

std::string plain_name(std::string_view path) {
  std::string name(path);
  std::ranges::transform(name, name.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const std::string_view ending : {".gz", ".gzip", ".xz", ".bz2", ".zst", ".zstd"}) {
    if (!name.ends_with(ending)) continue;
    name.resize(name.size() - ending.size());
    break;
  }
  return name;
}

}  // namespace cachekit::cli
