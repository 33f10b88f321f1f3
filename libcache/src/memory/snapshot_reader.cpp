#include "core/file_replacement.hpp"
#include "core/posix_file.hpp"
#include "memory/snapshot.hpp"
#include "memory/snapshot_format.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

namespace cachekit::memory {
namespace {

using core::File;

tl::unexpected<Error> damaged(const std::filesystem::path& path, std::string_view why) {
  return fail(Errc::decode, fmt::format("the snapshot {} is damaged: {}", path.string(), why),
              path.string());
}

// Somebody else's file under a wrong name is nothing that this library may move or replace.
Result<void> check_magic(File& file, const std::filesystem::path& path) {
  std::array<char, snapshot_magic.size()> bytes{};
  const Result<std::size_t> got = file.read(bytes);
  if (!got) return fail(got.error());
  if (std::string_view(bytes.data(), *got) != snapshot_magic.substr(0, *got)) {
    return fail(Errc::rejected,
                fmt::format("{} is no snapshot of cachekit, and was left as it is", path.string()),
                path.string(), "name another file, or move this one away to begin a new snapshot");
  }
  return file.rewind();
}

// A file that is read once for its checksum and once for its entries, through one buffer.
class Input {
 public:
  Input(File& file, const std::filesystem::path& path, std::uint64_t size)
      : file_(file), path_(path), left_(size) {}

  [[nodiscard]] std::uint64_t left() const noexcept { return left_; }

  // The next `count` bytes, valid until the next call; refused before any memory is taken when
  // the file does not have so many.
  Result<std::string_view> take(std::uint64_t count) {
    if (count > left_) return damaged(path_, "it ends in the middle of an entry");
    const auto wanted = static_cast<std::size_t>(count);
    if (wanted > buffer_.size() - start_) {
      if (Result<void> filled = fill(wanted); !filled) return fail(std::move(filled).error());
    }
    const std::string_view bytes(buffer_.data() + start_, wanted);
    start_ += wanted;
    left_ -= wanted;
    return bytes;
  }

 private:
  static constexpr std::size_t chunk = 1U << 16U;

  Result<void> fill(std::size_t wanted) {
    buffer_.erase(0, start_);
    start_ = 0;
    while (buffer_.size() < wanted) {
      const std::size_t held = buffer_.size();
      buffer_.resize(held + chunk);
      const Result<std::size_t> got = file_.read({buffer_.data() + held, chunk});
      if (!got) return fail(got.error());
      buffer_.resize(held + *got);
      if (*got == 0) return damaged(path_, "it became shorter while it was read");
    }
    return {};
  }

  File& file_;
  const std::filesystem::path& path_;
  std::uint64_t left_;
  std::string buffer_;
  std::size_t start_ = 0;
};

Result<void> check_sum(File& file, const std::filesystem::path& path, std::uint64_t size) {
  if (size < snapshot_header_bytes + snapshot_checksum_bytes) {
    return damaged(path, fmt::format("{} bytes are too few", size));
  }
  Input input(file, path, size);
  std::uint32_t crc = 0;
  while (input.left() > snapshot_checksum_bytes) {
    constexpr std::uint64_t step = 1U << 16U;
    const Result<std::string_view> bytes =
        input.take(std::min(step, input.left() - snapshot_checksum_bytes));
    if (!bytes) return fail(bytes.error());
    crc = continue_crc32(crc, *bytes);
  }
  const Result<std::string_view> sum = input.take(snapshot_checksum_bytes);
  if (!sum) return fail(sum.error());
  if (read_little_endian<std::uint32_t>(*sum) != crc) {
    return damaged(path, "its checksum does not match");
  }
  return file.rewind();
}

// Gives how many entries follow.
Result<std::uint64_t> read_header(Input& input, const SeedVisitor& begin,
                                  const std::filesystem::path& path) {
  const Result<std::string_view> header = input.take(snapshot_header_bytes);
  if (!header) return fail(header.error());
  const auto version = read_little_endian<std::uint32_t>(header->substr(8));
  if (version != snapshot_version && version != version_without_seed) {
    return fail(Errc::unsupported,
                fmt::format("the snapshot {} has version {}, and only versions up to {} are known",
                            path.string(), version, snapshot_version),
                path.string(), "use the cachekit that wrote it, or name another file");
  }
  const auto count = read_little_endian<std::uint64_t>(header->substr(12));
  if (version == version_without_seed) return count;
  const Result<std::string_view> seed = input.take(snapshot_seed_bytes);
  if (!seed) return fail(seed.error());
  begin({.first = read_little_endian<std::uint64_t>(*seed),
         .second = read_little_endian<std::uint64_t>(seed->substr(8))});
  return count;
}

Result<void> read_entry(Input& input, const SnapshotVisitor& visit,
                        const std::filesystem::path& path) {
  const Result<std::string_view> lengths = input.take(snapshot_entry_bytes);
  if (!lengths) return fail(lengths.error());
  const auto expiry = static_cast<std::int64_t>(read_little_endian<std::uint64_t>(*lengths));
  const std::uint64_t key_size = read_little_endian<std::uint32_t>(lengths->substr(8));
  const auto value_size = read_little_endian<std::uint64_t>(lengths->substr(12));
  if (key_size > input.left() || value_size > input.left() - key_size) {
    return damaged(path, "an entry is longer than the file");
  }
  const Result<std::string_view> bytes = input.take(key_size + value_size);
  if (!bytes) return fail(bytes.error());
  visit({.expires_at_ms = expiry,
         .key = bytes->substr(0, static_cast<std::size_t>(key_size)),
         .value = bytes->substr(static_cast<std::size_t>(key_size))});
  return {};
}

bool is_there(const std::filesystem::path& path) {
  std::error_code none;
  return std::filesystem::symlink_status(path, none).type() !=
         std::filesystem::file_type::not_found;
}

// At its beginning, and nobody else's.
Result<File> open_own(const std::filesystem::path& path) {
  return File::open(path, O_RDONLY).and_then([&](File&& file) -> Result<File> {
    if (Result<void> ours = check_magic(file, path); !ours) return fail(std::move(ours).error());
    return std::move(file);
  });
}

}  // namespace

Result<void> check_own_snapshot(const std::filesystem::path& path) {
  if (!is_there(path)) return {};
  return open_own(path).map([](const File&) {});
}

Result<void> read_snapshot(const std::filesystem::path& path, const SeedVisitor& begin,
                           const SnapshotVisitor& visit) {
  if (!is_there(path)) return {};
  Result<File> file = open_own(path);
  if (!file) return fail(std::move(file).error());
  const Result<std::uint64_t> size = file->size();
  if (!size) return fail(size.error());
  if (*size == 0) return {};  // As mktemp leaves it.
  if (Result<void> sound = check_sum(*file, path, *size); !sound) return sound;

  Input input(*file, path, *size - snapshot_checksum_bytes);
  const Result<std::uint64_t> count = read_header(input, begin, path);
  if (!count) return fail(count.error());
  for (std::uint64_t index = 0; index < *count; ++index) {
    if (Result<void> read = read_entry(input, visit, path); !read) return read;
  }
  return input.left() == 0 ? Result<void>() : damaged(path, "there is more than it announces");
}

Result<void> set_aside(const std::filesystem::path& path) {
  if (!is_there(path)) return {};
  for (int number = 1;; ++number) {
    std::filesystem::path aside = path;
    aside += fmt::format(".corrupt-{}", number);
    if (is_there(aside)) {
      if (number < 10'000) continue;
      errno = EEXIST;
      return core::file_error("set aside", path);
    }
    if (::link(path.c_str(), aside.c_str()) == 0) return {};
    if (std::rename(path.c_str(), aside.c_str()) != 0) return core::file_error("set aside", path);
    return {};
  }
}

}  // namespace cachekit::memory
