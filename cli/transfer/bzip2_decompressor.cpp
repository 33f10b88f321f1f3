#include "transfer/behind_member.hpp"
#include "transfer/decompressor.hpp"

#include <algorithm>
#include <limits>

#include <bzlib.h>

namespace cachekit::cli {
namespace {

class Bzip2Decompressor final : public Decompressor {
 public:
  Bzip2Decompressor() { begin(); }
  ~Bzip2Decompressor() override { BZ2_bzDecompressEnd(&stream_); }
  Bzip2Decompressor(const Bzip2Decompressor&) = delete;
  Bzip2Decompressor& operator=(const Bzip2Decompressor&) = delete;

  Step step(std::span<const char> in, std::span<char> out, bool at_end) override {
    if (between_) {
      if (const std::optional<Step> other = behind_.step(in, at_end)) return *other;
      between_ = false;
      BZ2_bzDecompressEnd(&stream_);
      begin();
    }
    if (code_ != BZ_OK) return {.problem = "it is damaged"};
    constexpr std::size_t most = std::numeric_limits<unsigned>::max();
    stream_.next_in = const_cast<char*>(in.data());  // Which it only reads.
    const auto given_in = static_cast<unsigned>(std::min(in.size(), most));
    stream_.avail_in = given_in;
    stream_.next_out = out.data();
    const auto room = static_cast<unsigned>(std::min(out.size(), most));
    stream_.avail_out = room;
    const int code = BZ2_bzDecompress(&stream_);
    between_ = code == BZ_STREAM_END;
    if (code != BZ_OK && !between_) code_ = code;
    return {.taken = given_in - stream_.avail_in,
            .given = room - stream_.avail_out,
            .problem = code_ == BZ_OK ? std::string_view() : "it is damaged"};
  }

 private:
  void begin() {
    stream_ = {};
    code_ = BZ2_bzDecompressInit(&stream_, 0, 0);
  }

  bz_stream stream_{};
  int code_ = BZ_OK;
  bool between_ = false;  // One file has ended, another may follow.
  BehindMember behind_{'B'};
};

}  // namespace

std::unique_ptr<Decompressor> make_bzip2_decompressor() {
  return std::make_unique<Bzip2Decompressor>();
}

}  // namespace cachekit::cli
