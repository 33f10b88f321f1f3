#include "transfer/decompressor.hpp"

#include <cstdint>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

constexpr std::size_t chunk = 64U << 10U;

class Reader {
 public:
  Reader(ReadSome read, std::unique_ptr<Decompressor> decompressor, std::string name,
         std::string program)
      : read_(std::move(read)),
        decompressor_(std::move(decompressor)),
        name_(std::move(name)),
        program_(std::move(program)),
        input_(chunk) {}

  Result<std::size_t> operator()(std::span<char> into) {
    while (!ended_) {
      if (left_.empty() && !at_end_) {
        Result<std::size_t> got = read_(input_);
        if (!got) return got;
        at_end_ = *got == 0;
        left_ = std::span(input_).first(*got);
      }
      const Decompressor::Step step = decompressor_->step(left_, into, at_end_);
      left_ = left_.subspan(step.taken);
      taken_ += step.taken;
      ended_ = step.ended;
      if (step.given > 0) return step.given;
      if (!step.problem.empty()) return damaged(step.problem);
      // The first idle step may have been the one that noticed the end.
      const bool idle = step.taken == 0 && at_end_;
      if (!ended_ && idle && was_idle_) return damaged("it is cut off");
      was_idle_ = idle;
    }
    return std::size_t{0};
  }

 private:
  [[nodiscard]] tl::unexpected<Error> damaged(std::string_view why) const {
    return fail(Errc::decode,
                fmt::format("cannot decompress {}: {}, at byte {}", name_, why, taken_), {},
                fmt::format("see what '{} --test' says of it", program_));
  }

  ReadSome read_;
  std::unique_ptr<Decompressor> decompressor_;
  std::string name_;
  std::string program_;
  std::vector<char> input_;
  std::span<const char> left_;
  std::uint64_t taken_ = 0;  // Of the compressed bytes.
  bool at_end_ = false;
  bool ended_ = false;
  bool was_idle_ = false;
};

}  // namespace

ReadSome decompressed(ReadSome read, std::unique_ptr<Decompressor> decompressor, std::string name,
                      std::string program) {
  auto reader = std::make_shared<Reader>(std::move(read), std::move(decompressor), std::move(name),
                                         std::move(program));
  return [reader](std::span<char> into) { return (*reader)(into); };
}

}  // namespace cachekit::cli
