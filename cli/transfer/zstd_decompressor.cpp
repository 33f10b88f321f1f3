#include "transfer/decompressor.hpp"

#include <new>

#include <zstd.h>

namespace cachekit::cli {
namespace {

class ZstdDecompressor final : public Decompressor {
 public:
  ZstdDecompressor() : stream_(ZSTD_createDStream()) {
    if (stream_ == nullptr) throw std::bad_alloc();
  }
  ~ZstdDecompressor() override { ZSTD_freeDStream(stream_); }
  ZstdDecompressor(const ZstdDecompressor&) = delete;
  ZstdDecompressor& operator=(const ZstdDecompressor&) = delete;

  Step step(std::span<const char> in, std::span<char> out, bool at_end) override {
    if (ZSTD_isError(wanted_) != 0) return {.problem = ZSTD_getErrorName(wanted_)};
    if (in.empty() && at_end && wanted_ == 0) return {.ended = true};
    ZSTD_inBuffer input{in.data(), in.size(), 0};
    ZSTD_outBuffer output{out.data(), out.size(), 0};
    wanted_ = ZSTD_decompressStream(stream_, &output, &input);  // 0: a frame has ended.
    Step step{.taken = input.pos, .given = output.pos};
    if (ZSTD_isError(wanted_) != 0) step.problem = ZSTD_getErrorName(wanted_);
    return step;
  }

 private:
  ZSTD_DStream* stream_;
  std::size_t wanted_ = 0;
};

}  // namespace

std::unique_ptr<Decompressor> make_zstd_decompressor() {
  return std::make_unique<ZstdDecompressor>();
}

}  // namespace cachekit::cli
