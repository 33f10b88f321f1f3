#include "data/record_reader.hpp"

#include "data/csv_reader.hpp"
#include "data/ndjson_reader.hpp"

#include <utility>

namespace cachekit::cli {

std::unique_ptr<RecordReader> make_reader(RecordFormat format, ReadSome read, FieldNames names) {
  switch (format) {
    case RecordFormat::csv:
      return std::make_unique<CsvReader>(std::move(read), ',', std::move(names));
    case RecordFormat::tsv:
      return std::make_unique<CsvReader>(std::move(read), '\t', std::move(names));
    case RecordFormat::ndjson:
      break;
  }
  return std::make_unique<NdjsonReader>(std::move(read), std::move(names));
}

RecordFormat format_of(std::string_view path) {
  if (path.ends_with(".csv")) return RecordFormat::csv;
  if (path.ends_with(".tsv") || path.ends_with(".tab")) return RecordFormat::tsv;
  return RecordFormat::ndjson;
}

}  // namespace cachekit::cli
