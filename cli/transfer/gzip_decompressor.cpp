#include "transfer/behind_member.hpp"
#include "transfer/decompressor.hpp"

#include <algorithm>
#include <limits>

#include <zlib.h>

namespace cachekit::cli {
namespace {

constexpr int gzip_format = 15 + 16;  // The largest window, and gzip's header (zlib.h).

class GzipDecompressor final : public Decompressor {
 public:
  GzipDecompressor() : code_(inflateInit2(&stream_, gzip_format)) {}
  ~GzipDecompressor() override { inflateEnd(&stream_); }
  GzipDecompressor(const GzipDecompressor&) = delete;
  GzipDecompressor& operator=(const GzipDecompressor&) = delete;

  Step step(std::span<const char> in, std::span<char> out, bool at_end) override {
    if (between_) {
      if (const std::optional<Step> other = behind_.step(in, at_end)) return *other;
      between_ = false;
      code_ = inflateReset(&stream_);
    }
    if (code_ != Z_OK) return {.problem = "it is damaged"};
    constexpr std::size_t most = std::numeric_limits<uInt>::max();
    // zlib takes a pointer to what it does not change (see ZLIB_CONST).
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    const auto given_in = static_cast<uInt>(std::min(in.size(), most));
    stream_.avail_in = given_in;
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    const auto room = static_cast<uInt>(std::min(out.size(), most));
    stream_.avail_out = room;
    const int code = inflate(&stream_, Z_NO_FLUSH);
    between_ = code == Z_STREAM_END;
    // Z_BUF_ERROR: there is nothing to read yet.
    if (code != Z_OK && code != Z_BUF_ERROR && !between_) code_ = code;
    return {.taken = given_in - stream_.avail_in,
            .given = room - stream_.avail_out,
            .problem = code_ == Z_OK ? std::string_view() : "it is damaged"};
  }

 private:
  z_stream stream_{};
  int code_;
  bool between_ = false;  // One file has ended, another may follow.
  BehindMember behind_{'\x1F'};
};

}  // namespace

std::unique_ptr<Decompressor> make_gzip_decompressor() {
  return std::make_unique<GzipDecompressor>();
}

}  // namespace cachekit::cli
