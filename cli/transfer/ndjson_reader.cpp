#include "transfer/ndjson_reader.hpp"

#include "transfer/json_numbers.hpp"
#include "transfer/record_fields.hpp"

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
    // One that was left in is none: the parser takes the 0 of 01, and complains of the 1.
    if (depth_ != 1 || next_number_ == numbers_.size()) return here(Kind::number, {});
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

NdjsonReader::NdjsonReader(ReadSome read, FieldNames names, std::size_t record_limit)
    : stream_(std::move(read)), names_(std::move(names)), record_limit_(record_limit) {}

Result<std::optional<Row>> NdjsonReader::next() {
  if (!std::exchange(begun_, true)) enter_array();
  while (true) {
    text_.clear();
    bool too_long = false;
    const Result<bool> more = array_ ? read_element(too_long) : read_line(too_long);
    // A line that broke off may look whole, and is not.
    if (stream_.error()) return fail(*stream_.error());
    if (!more) {
      Row broken;
      broken.line = line_;
      broken.problem = more.error().message;
      return std::optional(std::move(broken));
    }
    if (!*more) return std::optional<Row>();
    if (is_blank(text_)) continue;
    return std::optional(to_row(too_long));
  }
}

// Only where the input begins with one: in a line of its own an array is a bad record.
void NdjsonReader::enter_array() {
  while (const std::optional<char> byte = stream_.peek()) {
    if (*byte == '[') {
      array_.emplace(stream_, position_);
      return;
    }
    if (*byte != ' ' && *byte != '\t' && *byte != '\r' && *byte != '\n') return;
    stream_.next();
    if (*byte == '\n') ++position_;
  }
}

Result<bool> NdjsonReader::read_line(bool& too_long) {
  line_ = position_++;
  return stream_.read_line(text_, record_limit_, too_long);
}

Result<bool> NdjsonReader::read_element(bool& too_long) {
  const JsonArray::Found found = array_->next(text_, record_limit_, too_long, line_);
  if (found == JsonArray::Found::element) return true;
  array_.reset();
  if (found == JsonArray::Found::end) return read_line(too_long);
  line_ = position_;
  return fail(Errc::invalid_argument, "the JSON array is never closed: the input may be cut off");
}

Row NdjsonReader::to_row(bool too_long) {
  RecordFields fields(names_);
  if (too_long) {
    fields.set_problem(fmt::format("longer than {} bytes", record_limit_));
  } else {
    Events events(fields, take_out_numbers(text_));
    json::sax_parse(text_.begin(), text_.end(), &events);
  }
  return std::move(fields).finish(line_);
}

}  // namespace cachekit::cli
