#pragma once

#include "transfer/byte_stream.hpp"

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace cachekit::cli {

/// One compressed format, fed piece by piece. Several files behind each other are read as one, as
/// the tools of these formats do.
class Decompressor {
 public:
  struct Step {
    std::size_t taken = 0;          ///< Of the input.
    std::size_t given = 0;          ///< Into the output.
    bool ended = false;             ///< The input has come to its end, and is whole.
    std::string_view problem = {};  ///< Why it cannot go on; it stays so.
  };

  virtual ~Decompressor() = default;
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;

  /// `at_end`: there is no input behind `in`. Neither taking nor giving anything asks for more.
  [[nodiscard]] virtual Step step(std::span<const char> in, std::span<char> out, bool at_end) = 0;

 protected:
  Decompressor() = default;
};

/// Limits: what needs more than 256 MiB of memory to be decompressed is refused.
[[nodiscard]] std::unique_ptr<Decompressor> make_gzip_decompressor();
[[nodiscard]] std::unique_ptr<Decompressor> make_xz_decompressor();
[[nodiscard]] std::unique_ptr<Decompressor> make_bzip2_decompressor();
[[nodiscard]] std::unique_ptr<Decompressor> make_zstd_decompressor();

/// Decompresses what another function reads; `name` is for errors, `program` one that can test it.
/// Errors: also `decode` from the function, when the data is damaged, cut off, or followed by what
/// belongs to another format; it says how many bytes it came.
[[nodiscard]] ReadSome decompressed(ReadSome read, std::unique_ptr<Decompressor> decompressor,
                                    std::string name, std::string program);

}  // namespace cachekit::cli
