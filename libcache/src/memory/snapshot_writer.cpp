#include "memory/file.hpp"
#include "memory/snapshot.hpp"
#include "memory/snapshot_format.hpp"

#include <cstdio>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cachekit::memory {
namespace {

// Gathers bytes into few writes and sums them up on the way.
class Output {
 public:
  explicit Output(File& file) : file_(file) {}

  Result<void> header(std::uint64_t count) {
    buffer_ = snapshot_magic;
    append_little_endian(buffer_, snapshot_version);
    append_little_endian(buffer_, count);
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

  File& file_;
  std::string buffer_;
  std::uint32_t crc_ = 0;
};

Result<void> write_entries(File& file, std::span<const SnapshotEntry> entries) {
  Output output(file);
  Result<void> written = output.header(entries.size());
  for (const SnapshotEntry& entry : entries) {
    if (!written) return written;
    written = output.entry(entry);
  }
  return written.and_then([&] { return output.checksum(); });
}

Result<void> write_whole_file(const std::filesystem::path& path,
                              std::span<const SnapshotEntry> entries) {
  // Left over by a crash at worst; the lock says that nobody is writing it now.
  ::unlink(path.c_str());
  Result<File> file = File::open(path, O_WRONLY | O_CREAT | O_EXCL, S_IRUSR | S_IWUSR);
  if (!file) return fail(std::move(file).error());
  return write_entries(*file, entries).and_then([&] { return file->sync(); });
}

// The new name is on the disk only once its folder is.
Result<void> sync_folder(const std::filesystem::path& file) {
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  return File::open(folder, O_RDONLY | O_DIRECTORY).and_then([](File opened) {
    return opened.sync();
  });
}

// Removes a file if it still has its first name at the end.
class Temporary {
 public:
  explicit Temporary(const std::filesystem::path& path) noexcept : path_(path) {}
  ~Temporary() {
    if (!renamed_) ::unlink(path_.c_str());
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  [[nodiscard]] Result<void> rename_to(const std::filesystem::path& path) {
    renamed_ = std::rename(path_.c_str(), path.c_str()) == 0;
    return renamed_ ? Result<void>() : file_error("replace", path);
  }

 private:
  const std::filesystem::path& path_;
  bool renamed_ = false;
};

}  // namespace

Result<void> write_snapshot(const std::filesystem::path& path,
                            std::span<const SnapshotEntry> entries) {
  std::filesystem::path fresh = path;
  fresh += ".tmp";
  Temporary temporary(fresh);
  Result<void> written =
      write_whole_file(fresh, entries).and_then([&] { return temporary.rename_to(path); });
  if (!written) return written;
  return sync_folder(path);
}

}  // namespace cachekit::memory
