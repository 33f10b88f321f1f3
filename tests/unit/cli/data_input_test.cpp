#include "transfer/data_input.hpp"

#include "support/temp_dir.hpp"
#include "unit/cli/reading.hpp"

#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

using namespace cachekit;
using namespace cachekit::cli;
using std::string_literals::operator""s;

namespace {

struct Tool {
  std::string program;
  std::string ending;
};

const std::vector<Tool> tools{
    {"gzip", ".gz"}, {"xz", ".xz"}, {"bzip2", ".bz2"}, {"zstd -q", ".zst"}};

std::string written(const test::TempDir& folder, const std::string& name, const std::string& text) {
  const std::string path = (folder / name).string();
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

std::string compressed(const test::TempDir& folder, const Tool& tool, const std::string& text) {
  const std::string path = written(folder, "plain", text);
  const std::string line = tool.program + " -c < '" + path + "' > '" + path + tool.ending + "'";
  REQUIRE(std::system(line.c_str()) == 0);
  std::ifstream in(path + tool.ending, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

Result<std::string> drain(const ReadSome& read, std::size_t piece) {
  std::string text;
  std::string buffer(piece, '\0');
  while (true) {
    const Result<std::size_t> got = read(buffer);
    if (!got) return fail(got.error());
    if (*got == 0) return text;
    text.append(buffer, 0, *got);
  }
}

Result<std::string> read_through(const std::string& bytes, std::size_t piece = 4096) {
  return recognise(pieces_of(bytes, piece), "FILE.csv").and_then([&](const DataInput& input) {
    return drain(input.read, piece);
  });
}

}  // namespace

TEST_CASE("compressed input is read whatever its name and the size of its pieces", "[cli][input]") {
  const test::TempDir folder;
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += std::to_string(i * 7919 % 100'003) + "\n";
  for (const Tool& tool : tools) {
    INFO(tool.program);
    const std::string bytes = compressed(folder, tool, text);
    for (const std::size_t piece : {1U, 7U, 100'000U}) CHECK(read_through(bytes, piece) == text);
    CHECK(read_through(bytes + bytes) == text + text);  // As the tools read it.
    const Result<DataInput> input = open_data(written(folder, "f", bytes), [] { return false; });
    REQUIRE(input);
    CHECK(input->compressed);
    CHECK(drain(input->read, 4096) == text);
  }
}

TEST_CASE("empty input, compressed or not, is empty", "[cli][input]") {
  const test::TempDir folder;
  CHECK(read_through("") == "");
  for (const Tool& tool : tools) CHECK(read_through(compressed(folder, tool, "")) == "");
}

TEST_CASE("compressed input that is cut off or damaged is an error", "[cli][input]") {
  const test::TempDir folder;
  std::string text;
  for (int i = 0; i < 5000; ++i) text += std::to_string(i * 7919 % 100'003) + "\n";
  for (const Tool& tool : tools) {
    INFO(tool.program);
    const std::string bytes = compressed(folder, tool, text);
    for (const std::size_t length : {bytes.size() - 1, bytes.size() / 2, std::size_t{12}}) {
      INFO(length);
      const auto cut = read_through(bytes.substr(0, length));
      REQUIRE_FALSE(cut);
      CHECK(cut.error().code == Errc::decode);
    }
    std::string damaged = bytes;
    damaged[bytes.size() / 2] = static_cast<char>(~damaged[bytes.size() / 2]);
    damaged[bytes.size() / 2 + 1] = static_cast<char>(~damaged[bytes.size() / 2 + 1]);
    const auto outcome = read_through(damaged);
    CHECK((!outcome || *outcome != text));
  }
}

TEST_CASE("what follows compressed data and is none is an error that says where", "[cli][input]") {
  const test::TempDir folder;
  const std::string padding(512, '\0');
  for (const Tool& tool : tools) {
    INFO(tool.program);
    const std::string bytes = compressed(folder, tool, "one\n");
    std::string damaged = bytes;
    damaged[0] = '\0';
    for (const std::string& behind :
         {"x"s, "foreign\n"s, bytes.substr(0, 1), bytes.substr(1), damaged, padding + bytes + "x",
          bytes.substr(0, bytes.size() - 1)}) {
      for (const std::size_t piece : {1U, 4096U}) {
        const auto outcome = read_through(bytes + behind, piece);
        REQUIRE_FALSE(outcome);
        CHECK(outcome.error().code == Errc::decode);
        CHECK(outcome.error().message.find("cannot decompress FILE.csv: ") == 0);
        CHECK(outcome.error().message.find(", at byte ") != std::string::npos);
      }
    }
  }
  const std::string bytes = compressed(folder, tools[0], "one\n");
  CHECK(read_through(bytes + bytes + "x").error().message ==
        "cannot decompress FILE.csv: something else follows its end, at byte " +
            std::to_string(2 * bytes.size()));
}

TEST_CASE("NUL bytes that fill up compressed input are none of it", "[cli][input]") {
  const test::TempDir folder;
  for (const Tool& tool : tools) {
    INFO(tool.program);
    const std::string bytes = compressed(folder, tool, "one\n");
    const auto outcome = read_through(bytes + bytes + std::string(100'000, '\0'));
    if (tool.program.starts_with("zstd")) {
      CHECK_FALSE(outcome);  // Neither does zstd itself know of any.
    } else {
      CHECK(outcome == "one\none\n"s);
    }
  }
}

TEST_CASE("a byte-order mark of UTF-8 is passed over, wherever it is", "[cli][input]") {
  const test::TempDir folder;
  const std::string marked = "\xEF\xBB\xBFkey,value\n";
  for (const std::size_t piece : {1U, 2U, 4096U})
    CHECK(read_through(marked, piece) == "key,value\n");
  for (const Tool& tool : tools) {
    CHECK(read_through(compressed(folder, tool, marked)) == "key,value\n");
  }
  CHECK(read_through("\xEF\xBBx") == "\xEF\xBBx");
}

TEST_CASE("what is recognised and not read is named, with a way to convert it", "[cli][input]") {
  const std::vector<std::pair<std::string, std::string>> files{
      {"\xFF\xFEk\0e\0y\0"s, "UTF-16 text"},
      {"\xFE\xFF\0k\0e\0y"s, "UTF-16 text"},
      {"k\0e\0y\0,\0"s, "UTF-16 text"},
      {"\0{\0\"\0k\0e"s, "UTF-16 text"},
      {"\xFF\xFE\0\0k\0\0\0"s, "UTF-32 text"},
      {"PK\x03\x04rest"s, "a zip archive"},
      {"notes.txt" + std::string(248, '\0') + "ustar  ", "a tar archive"},
      {"\x5D\0\0\x80\0\xFF\xFF"s, "compressed with lzma"},
      {"7z\xBC\xAF\x27\x1Crest"s, "a 7-Zip archive"},
      {"\x04\x22\x4D\x18rest"s, "compressed with lz4"},
      {"\x1F\x9Drest"s, "compressed with compress"},
      {"REDIS0011\xFA"s, "a dump of Redis (RDB)"},
      {"CKSNAP\x1A\nrest"s, "a snapshot of the memory backend"},
      {"SQLite format 3\0"s, "an SQLite database"},
      {"PAR1rest"s, "a Parquet file"},
  };
  for (const auto& [bytes, name] : files) {
    INFO(name);
    const auto outcome = read_through(bytes);
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code == Errc::invalid_argument);
    CHECK(outcome.error().message.find("FILE.csv is " + name) == 0);
    CHECK_FALSE(outcome.error().hint.empty());
  }
}

TEST_CASE("text that only looks a little like something else is read as it is", "[cli][input]") {
  for (const std::string text :
       {"PK\n", "BZh9 is a key\n", "REDIS\n", "\x1F\x8B\n", "7z\n", "Obj\n", "k\0\n"}) {
    CHECK(read_through(text) == text);
  }
}

TEST_CASE("the ending tells the format in any letter case, before that of a compression",
          "[cli][input]") {
  for (const std::string name : {"a.csv", "A.CSV", "a.Csv.gz", "a.csv.ZST", "dir.tsv/a.csv.bz2"}) {
    INFO(name);
    CHECK(format_of(name) == RecordFormat::csv);
  }
  for (const std::string name : {"a.tsv", "A.TSV.xz", "a.Tab"}) {
    INFO(name);
    CHECK(format_of(name) == RecordFormat::tsv);
  }
  for (const std::string name : {"a.ndjson", "a.JSONL.gz", "csv", "a.csv.old", "-", "a.csv/b"}) {
    INFO(name);
    CHECK(format_of(name) == RecordFormat::ndjson);
  }
}
