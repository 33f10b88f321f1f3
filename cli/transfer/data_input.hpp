#pragma once

#include "transfer/byte_stream.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace cachekit::cli {

/// What a file turned out to hold.
struct DataInput {
  ReadSome read{};
  bool compressed = false;  ///< It gives more bytes than the file has.
};

/// Opens a file of records or keys ("-" for standard input), and recognises by its first bytes,
/// whatever its name: gzip, zstd, xz and bzip2 are decompressed, a byte-order mark of UTF-8 is
/// passed over.
/// Errors: as `open_input`; `invalid_argument`, with its name and how to convert it, for what is
/// recognised and not read here: UTF-16, archives, databases.
[[nodiscard]] Result<DataInput> open_data(const std::string& path,
                                          std::function<bool()> interrupted);
/// The same for bytes that come from elsewhere.
[[nodiscard]] Result<DataInput> recognise(ReadSome read, const std::string& path);

/// The file's name in lower case without the ending of a compression: "a.csv" for "A.CSV.gz".
[[nodiscard]] std::string plain_name(std::string_view path);

}  // namespace cachekit::cli
