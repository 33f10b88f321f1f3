#include "data/warm_arguments.hpp"

#include <cachekit/units.hpp>

#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace cachekit::cli {
namespace {

// Names the option that holds what could not be read.
tl::unexpected<Error> refuse(std::string_view option, Error error) {
  error.message = fmt::format("{}: {}", option, error.message);
  return fail(std::move(error));
}

Result<Ttl> parse_ttl(std::string_view text) {
  if (text.empty() || text == "none") return Ttl::none();
  const Result<std::chrono::milliseconds> duration = parse_duration(text);
  if (!duration) return fail(duration.error());
  const Ttl ttl = *duration;
  if (Result<void> checked = validate(ttl); !checked) return fail(std::move(checked.error()));
  return ttl;
}

}  // namespace

void add_options(CLI::App& app, WarmArguments& arguments) {
  app.add_option(
         "FILE", arguments.input,
         "NDJSON {\"key\",\"value\"|\"value_base64\",\"ttl\"?}, or CSV or TSV with a header line;\n"
         "- for standard input")
      ->required();
  app.add_option("--format", arguments.format,
                 "What FILE holds (default: by its extension, NDJSON for standard input)")
      ->check(CLI::IsMember({"ndjson", "csv", "tsv"}));
  app.add_option("--key-field", arguments.fields.key,
                 "The field that holds the key (default: key)");
  app.add_option("--value-field", arguments.fields.value,
                 "The field that holds the value (default: value)");
  app.add_option("--ttl", arguments.ttl,
                 "TTL of records that name none, such as 1h (default: no expiry)");
  app.add_option(
      "--jitter", arguments.jitter,
      "Shorten each TTL by up to this at random, so that entries do not expire together:\n"
      "a part of the TTL (0.1, 10%) or a duration (30s)");
  app.add_option("--rate", arguments.rate, "At most so many records a second, such as 1000/s");
  app.add_flag("--skip-existing", arguments.skip_existing,
               "Leave keys alone that are there already");
  app.add_option("--checkpoint", arguments.checkpoint,
                 "Note here how far it came, and resume from there; removed when all is loaded");
  app.add_option("--max-errors", arguments.max_errors,
                 "Stop above so many bad records (default: pass over all of them)");
  app.footer(
      "A bad record is passed over and counted; its line is named at the end, and the exit code\n"
      "is 1. Exit 4: a server went away; what is stored is counted, and the run can be resumed.\n"
      "A batch of up to 500 records has ten times the budget of one operation.");
}

Result<WarmOptions> to_options(const WarmArguments& arguments) {
  WarmOptions options;
  Result<Ttl> ttl = parse_ttl(arguments.ttl);
  if (!ttl) return refuse("--ttl", ttl.error());
  options.ttl = *ttl;
  if (!arguments.jitter.empty()) {
    Result<Jitter> jitter = parse_jitter(arguments.jitter);
    if (!jitter) return refuse("--jitter", jitter.error());
    options.jitter = *jitter;
  }
  if (!arguments.rate.empty()) {
    Result<double> rate = parse_rate(arguments.rate);
    if (!rate) return refuse("--rate", rate.error());
    options.rate = *rate;
  }
  options.skip_existing = arguments.skip_existing;
  options.max_errors = arguments.max_errors;
  options.checkpoint = arguments.checkpoint;
  return options;
}

RecordFormat format_of(const WarmArguments& arguments) {
  if (arguments.format == "csv") return RecordFormat::csv;
  if (arguments.format == "tsv") return RecordFormat::tsv;
  if (arguments.format == "ndjson") return RecordFormat::ndjson;
  return format_of(std::string_view(arguments.input));
}

}  // namespace cachekit::cli
