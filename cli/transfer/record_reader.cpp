#include "transfer/record_reader.hpp"

#include "transfer/csv_reader.hpp"
#include "transfer/data_input.hpp"
#include "transfer/ndjson_reader.hpp"

#include <utility>

namespace cachekit::cli {

std::unique_ptr<RecordReader> make_reader(RecordFormat format, ReadSome read, FieldNames names,
                                          std::size_t record_limit) {
  switch (format) {
    case RecordFormat::csv:
      return std::make_unique<CsvReader>(std::move(read), ',', std::move(names), record_limit);
    case RecordFormat::tsv:
      return std::make_unique<CsvReader>(std::move(read), '\t', std::move(names), record_limit);
    case RecordFormat::ndjson:
      break;
  }
  return std::make_unique<NdjsonReader>(std::move(read), std::move(names), record_limit);
}

RecordFormat format_of(std::string_view path) {
  const std::string name = plain_name(path);
  if (name.ends_with(".csv")) return RecordFormat::csv;
  if (name.ends_with(".tsv") || name.ends_with(".tab")) return RecordFormat::tsv;
  return RecordFormat::ndjson;
}

}  // namespace cachekit::cli
