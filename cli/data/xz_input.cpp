#include "data/xz_input.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <lzma.h>

namespace cachekit::cli {
namespace {

constexpr std::string_view xz_magic(
    "\xFD"
    "7zXZ\0",
    6);
constexpr std::uint64_t memory_limit = std::uint64_t{256} << 20U;
constexpr std::size_t chunk = 64U << 10U;

std::string_view reason(lzma_ret code) {
  switch (code) {
    case LZMA_BUF_ERROR:
      return "it is cut off";
    case LZMA_MEMLIMIT_ERROR:
      return "it needs more than 256 MiB of memory";
    case LZMA_OPTIONS_ERROR:
      return "it uses a feature that is not known here";
    case LZMA_MEM_ERROR:
      return "there is no memory";
    default:
      return "it is damaged";
  }
}

// Decompresses what another function reads.
class XzReader {
 public:
  XzReader(ReadSome read, std::string path, std::string_view begun)
      : read_(std::move(read)), path_(std::move(path)) {
    std::copy(begun.begin(), begun.end(), input_.begin());
    stream_.next_in = reinterpret_cast<const std::uint8_t*>(input_.data());
    stream_.avail_in = begun.size();
    code_ = lzma_stream_decoder(&stream_, memory_limit, LZMA_CONCATENATED);
  }
  XzReader(const XzReader&) = delete;
  XzReader& operator=(const XzReader&) = delete;
  ~XzReader() { lzma_end(&stream_); }

  Result<std::size_t> operator()(std::span<char> into) {
    if (code_ == LZMA_STREAM_END) return std::size_t{0};
    stream_.next_out = reinterpret_cast<std::uint8_t*>(into.data());
    stream_.avail_out = into.size();
    while (code_ == LZMA_OK && stream_.avail_out == into.size()) {
      if (stream_.avail_in == 0 && !at_end_) {
        Result<std::size_t> got = read_(input_);
        if (!got) return got;
        at_end_ = *got == 0;
        stream_.next_in = reinterpret_cast<const std::uint8_t*>(input_.data());
        stream_.avail_in = *got;
      }
      code_ = lzma_code(&stream_, at_end_ ? LZMA_FINISH : LZMA_RUN);
    }
    const std::size_t given = into.size() - stream_.avail_out;
    if (given > 0 || code_ == LZMA_STREAM_END) return given;
    return fail(Errc::decode, fmt::format("cannot decompress {}: {}", path_, reason(code_)), {},
                "try `xz --test` on it");
  }

 private:
  ReadSome read_;
  std::string path_;
  std::array<char, chunk> input_{};
  lzma_stream stream_ = LZMA_STREAM_INIT;
  lzma_ret code_ = LZMA_OK;
  bool at_end_ = false;
};

}  // namespace

Result<ReadSome> open_plain_or_xz(const std::string& path, std::function<bool()> interrupted) {
  Result<ReadSome> opened = open_input(path, std::move(interrupted));
  if (!opened) return opened;
  std::string begun(xz_magic.size(), '\0');
  std::size_t have = 0;
  while (have < begun.size()) {
    const Result<std::size_t> got = (*opened)(std::span(begun).subspan(have));
    if (!got) return fail(got.error());
    if (*got == 0) break;
    have += *got;
  }
  begun.resize(have);
  if (begun == xz_magic) {
    auto reader = std::make_shared<XzReader>(*std::move(opened), path, begun);
    return ReadSome([reader](std::span<char> into) { return (*reader)(into); });
  }
  return ReadSome([read = *std::move(opened), begun,
                   given = false](std::span<char> into) mutable -> Result<std::size_t> {
    if (std::exchange(given, true) || begun.empty()) return read(into);
    std::copy(begun.begin(), begun.end(), into.begin());
    return begun.size();
  });
}

}  // namespace cachekit::cli
