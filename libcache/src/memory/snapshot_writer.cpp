#include "core/file_replacement.hpp"
#include "memory/snapshot.hpp"
#include "memory/snapshot_format.hpp"

#include <string>

#include <sys/stat.h>

namespace cachekit::memory {
namespace {

// Gathers bytes into few writes and sums them up on the way.
class Output {
 public:
  explicit Output(core::File& file) : file_(file) {}

  Result<void> header(const HashSeed& seed, std::uint64_t count) {
    buffer_ = snapshot_magic;
    append_little_endian(buffer_, snapshot_version);
    append_little_endian(buffer_, count);
    append_little_endian(buffer_, seed.first);
    append_little_endian(buffer_, seed.second);
    return {};
  }

  Result<void> entry(const SnapshotEntry& entry) {
    append_little_endian(buffer_, static_cast<std::uint64_t>(entry.expires_at_ms));
    append_little_endian(buffer_, static_cast<std::uint32_t>(entry.key.size()));
    append_little_endian(buffer_, static_cast<std::uint64_t>(entry.value.size()));
    buffer_ += entry.key;
    buffer_ += entry.value;
    return buffer_.size() < flush_at ? Result<void>() : flush();
  }

  Result<void> checksum() {
    return flush().and_then([&] {
      append_little_endian(buffer_, crc_);
      return file_.write(buffer_);
    });
  }

 private:
  static constexpr std::size_t flush_at = 1U << 18U;

  Result<void> flush() {
    crc_ = continue_crc32(crc_, buffer_);
    Result<void> written = file_.write(buffer_);
    buffer_.clear();
    return written;
  }

  core::File& file_;
  std::string buffer_;
  std::uint32_t crc_ = 0;
};

Result<void> write_entries(core::File& file, const HashSeed& seed,
                           std::span<const SnapshotEntry> entries) {
  Output output(file);
  Result<void> written = output.header(seed, entries.size());
  for (const SnapshotEntry& entry : entries) {
    if (!written) return written;
    written = output.entry(entry);
  }
  return written.and_then([&] { return output.checksum(); });
}

}  // namespace

Result<void> write_snapshot(const std::filesystem::path& path, const HashSeed& seed,
                            std::span<const SnapshotEntry> entries, OldSnapshot old) {
  using core::FileReplacement;
  Result<FileReplacement> replacement =
      FileReplacement::begin(path, FileReplacement::Name::under_lock, S_IRUSR | S_IWUSR);
  if (!replacement) return fail(std::move(replacement).error());
  return write_entries(replacement->file(), seed, entries)
      .and_then([&] { return check_own_snapshot(path); })
      .and_then([&] { return old == OldSnapshot::set_aside ? set_aside(path) : Result<void>(); })
      .and_then([&] { return replacement->commit(true); });
}

}  // namespace cachekit::memory
