#include "transfer/decompressor.hpp"

#include <lzma.h>

namespace cachekit::cli {
namespace {

constexpr std::uint64_t memory_limit = std::uint64_t{256} << 20U;

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

class XzDecompressor final : public Decompressor {
 public:
  XzDecompressor() : code_(lzma_stream_decoder(&stream_, memory_limit, LZMA_CONCATENATED)) {}
  ~XzDecompressor() override { lzma_end(&stream_); }
  XzDecompressor(const XzDecompressor&) = delete;
  XzDecompressor& operator=(const XzDecompressor&) = delete;

  Step step(std::span<const char> in, std::span<char> out, bool at_end) override {
    if (code_ != LZMA_OK) return {.problem = reason(code_)};
    stream_.next_in = reinterpret_cast<const std::uint8_t*>(in.data());
    stream_.avail_in = in.size();
    stream_.next_out = reinterpret_cast<std::uint8_t*>(out.data());
    stream_.avail_out = out.size();
    code_ = lzma_code(&stream_, at_end ? LZMA_FINISH : LZMA_RUN);
    Step step{.taken = in.size() - stream_.avail_in, .given = out.size() - stream_.avail_out};
    step.ended = code_ == LZMA_STREAM_END;
    // There is nothing to read yet.
    if (code_ == LZMA_BUF_ERROR && !at_end) code_ = LZMA_OK;
    if (code_ != LZMA_OK && !step.ended) step.problem = reason(code_);
    return step;
  }

 private:
  lzma_stream stream_ = LZMA_STREAM_INIT;
  lzma_ret code_;
};

}  // namespace

std::unique_ptr<Decompressor> make_xz_decompressor() { return std::make_unique<XzDecompressor>(); }

}  // namespace cachekit::cli
