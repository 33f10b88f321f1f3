#include "data/ndjson_reader.hpp"

#include "data/json_numbers.hpp"
#include "data/record_fields.hpp"

#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace cachekit::cli {
namespace {

using nlohmann::json;

// Takes the events of one line. Nothing is built for what is passed over, so a line of a million
// brackets costs a counter.
class Events final : public nlohmann::json_sax<json> {
 public:
  Events(RecordFields& fields, std::vector<std::string> numbers)
      : fields_(fields), numbers_(std::move(numbers)) {}

  bool null() override { return here(Kind::null, {}); }
  bool boolean(bool /*value*/) override { return here(Kind::other, {}); }
  bool number_integer(number_integer_t /*value*/) override { return number(); }
  bool number_unsigned(number_unsigned_t /*value*/) override { return number(); }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override {
    return number();
  }
  bool string(string_t& text) override { return here(Kind::string, std::move(text)); }
  bool binary(binary_t& /*value*/) override { return false; }

  bool start_object(std::size_t /*size*/) override { return open(); }
  bool start_array(std::size_t /*size*/) override {
    if (depth_ > 0) return open();
    return refuse("not a JSON object");
  }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    if (depth_ == 1) name_ = std::move(name);
    return true;
  }
  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const json::exception& /*error*/) override {
    return refuse(fmt::format("not valid JSON, at byte {}", position));
  }

 private:
  enum class Kind { null, number, string, other };

  bool refuse(std::string problem) {
    fields_.set_problem(std::move(problem));
    return false;
  }

  // What the parser sees in its place says nothing.
  bool number() {
    if (depth_ != 1) return here(Kind::number, {});
    return here(Kind::number, std::move(numbers_.at(next_number_++)));
  }

  bool open() {
    if (depth_ == 1 && fields_.field(name_) != RecordFields::Field::other) {
      return refuse(fmt::format("'{}' is neither a string nor a number", name_));
    }
    ++depth_;
    return true;
  }

  bool close() {
    --depth_;
    return true;
  }

  bool here(Kind kind, std::string text) {
    if (depth_ == 0) return refuse("not a JSON object");
    const RecordFields::Field field = fields_.field(name_);
    if (depth_ > 1 || field == RecordFields::Field::other) return true;
    if (field == RecordFields::Field::ttl) return ttl(kind, text);
    if (kind == Kind::null || kind == Kind::other) {
      return refuse(fmt::format("'{}' is neither a string nor a number", name_));
    }
    fields_.set_text(name_, std::move(text));
    return true;
  }

  bool ttl(Kind kind, const std::string& text) {
    if (kind == Kind::null) return true;
    if (kind == Kind::other) return refuse("'ttl' is not a duration such as \"90s\"");
    fields_.set_ttl(text);
    return true;
  }

  RecordFields& fields_;
  std::vector<std::string> numbers_;  // Of the record itself, as they were written.
  std::size_t next_number_ = 0;
  std::string name_;
  std::size_t depth_ = 0;
};

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r") == std::string_view::npos;
}

}  // namespace

NdjsonReader::NdjsonReader(ReadSome read, FieldNames names)
    : stream_(std::move(read)), names_(std::move(names)) {}

Result<std::optional<Row>> NdjsonReader::next() {
  while (true) {
    text_.clear();
    bool too_long = false;
    const bool more = stream_.read_line(text_, max_record_bytes, too_long);
    // A line that broke off may look whole, and is not.
    if (stream_.error()) return fail(*stream_.error());
    if (!more) return std::optional<Row>();
    ++line_;
    if (line_ == 1 && text_.starts_with("\xEF\xBB\xBF")) text_.erase(0, 3);
    if (is_blank(text_)) continue;

    RecordFields fields(names_);
    if (too_long) {
      fields.set_problem("longer than 1 GiB");
    } else {
      Events events(fields, take_out_numbers(text_));
      json::sax_parse(text_.begin(), text_.end(), &events);
    }
    return std::optional(std::move(fields).finish(line_));
  }
}

}  // namespace cachekit::cli
