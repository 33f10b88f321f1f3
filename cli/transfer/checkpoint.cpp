#include "transfer/checkpoint.hpp"

#include "core/file_replacement.hpp"
#include "transfer/encoding.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <system_error>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace cachekit::cli {
namespace {

constexpr std::string_view schema = "cachekit-checkpoint/2";

// It may be anything, and nothing to be removed.
tl::unexpected<Error> cannot(std::string_view what, const std::filesystem::path& file,
                             std::string_view why) {
  return fail(Errc::invalid_argument,
              fmt::format("cannot {} the checkpoint {}: {}", what, file.string(), why), {},
              "name another file with --checkpoint");
}

std::optional<Checkpoint> parse(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || json.value("schema", nlohmann::json()) != schema) return std::nullopt;
  try {
    Checkpoint checkpoint;
    json.at("target").get_to(checkpoint.target);
    json.at("rows").get_to(checkpoint.rows);
    json.at("hash").get_to(checkpoint.hash);
    json.at("bad").get_to(checkpoint.bad);
    for (const nlohmann::json& encoded : json.at("last_keys_base64")) {
      std::optional<std::string> key = from_base64(encoded.get<std::string>());
      if (!key) return std::nullopt;
      checkpoint.last_keys.push_back(*std::move(key));
    }
    return checkpoint;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

// Begins a replacement of the file, lets it be written, and commits none itself.
template <typename Write>
Result<void> replace(const std::filesystem::path& file, const Write& write) {
  constexpr unsigned mode = 0666;  // Less the umask.
  using core::FileReplacement;
  return FileReplacement::begin(file, FileReplacement::Name::unique, mode)
      .and_then([&](FileReplacement begun) { return write(begun); })
      .map_error([](Error error) {
        error.message = fmt::format("cannot write the checkpoint: {}", error.message);
        return error;
      });
}

}  // namespace

void Checkpoint::note_stored(const std::string& key) {
  constexpr std::size_t most_keys = 64;
  constexpr std::size_t most_bytes = std::size_t{64} << 10U;
  last_keys.push_back(key);
  std::size_t bytes = 0;
  for (const std::string& one : last_keys) bytes += one.size();
  while (last_keys.size() > 1 && (last_keys.size() > most_keys || bytes > most_bytes)) {
    bytes -= last_keys.front().size();
    last_keys.pop_front();
  }
}

// FNV-1a, with the length of each part first so that parts cannot run into each other.
void RowHash::add(std::string_view bytes) noexcept {
  constexpr std::uint64_t prime = 0x100000001B3U;
  value_ = (value_ ^ bytes.size()) * prime;
  for (const char c : bytes) value_ = (value_ ^ static_cast<unsigned char>(c)) * prime;
}

void RowHash::add(const Row& row) noexcept {
  add(row.problem);
  add(row.record.key);
  add(row.record.value);
}

Result<std::optional<Checkpoint>> read_checkpoint(const std::filesystem::path& file) {
  std::error_code failure;
  if (!std::filesystem::exists(file, failure)) {
    if (failure) return cannot("read", file, failure.message());
    return std::optional<Checkpoint>();
  }
  if (!std::filesystem::is_regular_file(file, failure)) {
    return cannot("use", file, "it is not a regular file");
  }
  std::ifstream in(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (!in.is_open() || in.bad()) return cannot("read", file, std::strerror(errno));
  std::optional<Checkpoint> checkpoint = parse(text);
  if (!checkpoint) return cannot("use", file, "it is not one, or it is damaged");
  return checkpoint;
}

Result<void> write_checkpoint(const std::filesystem::path& file, const Checkpoint& checkpoint) {
  nlohmann::json keys = nlohmann::json::array();
  for (const std::string& key : checkpoint.last_keys) keys.push_back(to_base64(key));
  const nlohmann::json json{{"schema", schema},        {"target", checkpoint.target},
                            {"rows", checkpoint.rows}, {"hash", checkpoint.hash},
                            {"bad", checkpoint.bad},   {"last_keys_base64", keys}};
  return replace(file, [&](core::FileReplacement& begun) {
    return begun.file()
        .write(json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + '\n')
        .and_then([&] { return begun.commit(false); });
  });
}

Result<void> try_checkpoint(const std::filesystem::path& file) {
  return replace(file, [](const core::FileReplacement&) { return Result<void>(); });
}

bool is_same_file(const std::filesystem::path& a, const std::filesystem::path& b) {
  const Result<std::filesystem::path> one = core::resolve_file(a);
  const Result<std::filesystem::path> other = core::resolve_file(b);
  return one && other && *one == *other;
}

void remove_checkpoint(const std::filesystem::path& file) {
  const Result<std::filesystem::path> resolved = core::resolve_file(file);
  std::error_code ignored;
  if (resolved && std::filesystem::is_regular_file(*resolved, ignored)) {
    std::filesystem::remove(*resolved, ignored);
  }
}

}  // namespace cachekit::cli
