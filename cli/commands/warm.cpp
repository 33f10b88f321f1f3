#include "commands/commands.hpp"
#include "evictions.hpp"
#include "failure.hpp"
#include "interrupt.hpp"
#include "option_types.hpp"
#include "output/progress_bar.hpp"
#include "transfer/checkpoint.hpp"
#include "transfer/data_input.hpp"
#include "transfer/record_fields.hpp"
#include "transfer/warm_report.hpp"
#include "transfer/warmer.hpp"
#include "transfer/whole_number.hpp"

#include <cachekit/steady_clock.hpp>
#include <cachekit/units.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

constexpr int batch_budgets = 10;  // A batch is many operations.

struct WarmArguments {
  std::string input{};
  std::string format{};
  FieldNames fields{};
  std::optional<Ttl> ttl{};
  WarmOptions options{};
};

std::vector<ArgumentSpec> input_arguments(WarmArguments& arguments) {
  return {
      {.name = "FILE",
       .type = "FILE",
       .help =
           "NDJSON {\"key\", \"value\" or \"value_base64\", \"ttl\"?}, or CSV or TSV with a header "
           "line; compressed by gzip, zstd, xz or bzip2, or not; - for standard input",
       .required = true,
       .into = text(arguments.input)},
      {.name = "--format",
       .type = "FORMAT",
       .help =
           "What FILE holds: ndjson, csv or tsv (default: by its extension; NDJSON for standard "
           "input)",
       .choices = {"ndjson", "csv", "tsv"},
       .into = text(arguments.format)},
      {.name = "--key-field",
       .type = "NAME",
       .default_text = "key",
       .help = "Field that holds the key",
       .into = text(arguments.fields.key)},
      {.name = "--value-field",
       .type = "NAME",
       .default_text = "value",
       .help = "Field that holds the value",
       .into = text(arguments.fields.value)},
  };
}

ArgumentSpec ttl_unit_argument(WarmArguments& arguments) {
  return {.name = "--ttl-unit",
          .type = "UNIT",
          .help =
              "What a TTL of the file counts that is a bare number: s or ms (default: such a "
              "record is bad)",
          .choices = {"s", "ms"},
          .into = text(arguments.fields.ttl_unit)};
}

std::vector<ArgumentSpec> load_arguments(WarmArguments& arguments) {
  WarmOptions& options = arguments.options;
  return {
      ttl_argument(arguments.ttl, "TTL of records that name none (default: no expiry)"),
      ttl_unit_argument(arguments),
      {.name = "--jitter",
       .type = "PART|DURATION",
       .unit = Unit::duration,
       .help =
           "Shorten each TTL by up to this at random, so that entries do not expire together: a "
           "part of the TTL (0.1, 10%) or a duration (30s)",
       .into = parsed(options.jitter, parse_jitter)},
      {.name = "--rate",
       .type = "N/s",
       .unit = Unit::rate,
       .help = "At most so many records a second",
       .into = parsed(options.rate, parse_rate)},
      {.name = "--skip-existing",
       .takes = Takes::nothing,
       .help = "Leave keys alone that are there already",
       .into = switch_on(options.skip_existing)},
      {.name = "--checkpoint",
       .type = "FILE",
       .help = "Note here how far it came, and resume from there; removed once all is loaded",
       .into = text(options.checkpoint)},
      {.name = "--max-errors",
       .type = "N",
       .help = "Stop above so many bad records (default: pass over all of them)",
       .into = parsed(options.max_errors, parse_whole_number)},
  };
}

RecordFormat chosen_format(const WarmArguments& arguments) {
  if (arguments.format == "csv") return RecordFormat::csv;
  if (arguments.format == "tsv") return RecordFormat::tsv;
  if (arguments.format == "ndjson") return RecordFormat::ndjson;
  return format_of(arguments.input);
}

// How large the input is; empty where that cannot be told, as for a pipe.
std::optional<double> size_of(const std::string& path) {
  std::error_code failure;
  if (!std::filesystem::is_regular_file(path, failure)) return std::nullopt;
  const std::uintmax_t size = std::filesystem::file_size(path, failure);
  if (failure || size == 0) return std::nullopt;
  return static_cast<double>(size);
}

// An endless line shall end here and not with the machine's memory: what a record may take whose
// key and value are as long as the backend allows, each byte escaped (\uXXXX), and some more.
std::size_t record_limit(std::size_t max_key, std::size_t max_value) {
  constexpr std::size_t escaped = 6;
  constexpr std::size_t spare = std::size_t{16} << 20U;
  const std::size_t most =
      std::min(max_key, max_record_bytes) + std::min(max_value, max_record_bytes);
  return std::min(escaped * most + spare, max_record_bytes);
}

[[noreturn]] void refuse_checkpoint(std::string_view why, std::string_view hint) {
  throw Failure("warm", Error{Errc::invalid_argument, fmt::format("--checkpoint: {}", why), "",
                              std::string(hint)});
}

// A checkpoint for a cache that is gone with this process would skip what nobody holds, and one in
// the place of the snapshot would be written over it.
void check_checkpoint(const Settings& settings, const WarmOptions& options) {
  if (options.checkpoint.empty() || facts_of(settings.backend).tier != Tier::in_process) return;
  const std::filesystem::path& snapshot = settings.memory.snapshot_file;
  if (snapshot.empty()) {
    refuse_checkpoint("this cache forgets everything when the command ends",
                      "give the memory backend a file: --url memory:FILE");
  }
  if (!is_same_file(options.checkpoint, snapshot)) return;
  refuse_checkpoint(
      fmt::format("{} is the snapshot of the cache itself", options.checkpoint.string()),
      "name another file with --checkpoint");
}

// It would leave nothing of most TTLs.
void check_jitter(const WarmArguments& arguments) {
  const std::chrono::milliseconds jitter = arguments.options.jitter.duration;
  if (!arguments.ttl || !arguments.ttl->expires() || jitter <= arguments.ttl->duration()) return;
  throw Failure("usage", Error{Errc::invalid_argument,
                               fmt::format("--jitter: {} is longer than the TTL of {}",
                                           format_duration(jitter), to_string(*arguments.ttl)),
                               "", "give a part of each TTL, such as --jitter 10%"});
}

std::chrono::milliseconds batch_timeout(std::chrono::milliseconds operation_timeout) {
  return operation_timeout > forever / batch_budgets ? forever : operation_timeout * batch_budgets;
}

bool is_no_json(const WarmTally& tally) {
  return tally.stored == 0 && !tally.bad_lines.empty() &&
         tally.bad_lines.front().problem.starts_with("not ");
}

void print_summary(Context& context, const WarmResult& result, const WarmArguments& arguments,
                   double seconds) {
  if (result.lost_checkpoint) {
    context.note(
        fmt::format("cachekit: the cache no longer holds what {} counts as stored: started over",
                    arguments.options.checkpoint.string()));
  }
  const std::string input = arguments.input == "-" ? "standard input" : arguments.input;
  for (const std::string& line : bad_lines_text(result.tally, input)) context.note_of_loss(line);
  // Standard input has no ending that tells.
  if (arguments.format.empty() && arguments.input == "-" && is_no_json(result.tally)) {
    context.note("hint: it was read as NDJSON; say --format csv or --format tsv if it is that");
  }
  context.out.write(context.options.json ? warm_json(result, seconds) : warm_text(result, seconds));
}

double mean_bytes_of(const WarmTally& tally) {
  constexpr double overhead = 96;  // Of an entry with a TTL.
  const auto stored = static_cast<double>(std::max<std::uint64_t>(1, tally.stored));
  return static_cast<double>(tally.stored_bytes) / stored + overhead;
}

// Whether entries that were just stored are among those which had to go: more went than there were
// before. (How many are left tells nothing: records may name a key twice, and entries expire.)
bool lost_its_own(const CacheBackend& backend, const WarmResult& result, const Held& before) {
  return backend.tier() == Tier::in_process || result.evicted.value_or(0) > before.items;
}

// Entries that a cache of this process had to let go are lost to whoever loads it; on a server they
// may be somebody else's.
std::optional<Error> lost_entries(Context& context, const CacheBackend& backend,
                                  const WarmResult& result, const Held& before, const Held& held) {
  const std::uint64_t evicted = result.evicted.value_or(0);
  if (evicted == 0) return std::nullopt;
  const std::string what =
      fmt::format("{}, {} were stored", evictions_text(evicted, held.items), result.tally.stored);
  if (!lost_its_own(backend, result, before)) {
    context.warn_of_loss(what + " (others may use the server, too)");
    return std::nullopt;
  }
  if (backend.tier() != Tier::in_process) {
    return Error{Errc::rejected, what, "",
                 "give the server more memory (maxmemory of Redis, -m of Memcached), or load less"};
  }
  return Error{Errc::rejected, what, "",
               more_room(context.settings().memory, held, evicted, mean_bytes_of(result.tally))};
}

Error too_many_bad(const WarmOptions& options) {
  return {Errc::rejected,
          fmt::format("stopped: more than {} bad records (--max-errors)",
                      options.max_errors.value_or(0)),
          "", "mend the input, or raise --max-errors; then " + resume_hint(options)};
}

Error with_resume_hint(const WarmResult& result, const WarmOptions& options) {
  Error error = *result.error;
  const bool broke_off =
      error.code == Errc::cancelled || result.tally.failed > 0 || result.tally.unknown > 0;
  if (!broke_off || result.unsaved || is_out_of_memory(error)) return error;
  const std::string first = error.hint.empty() ? "" : error.hint + "; then ";
  error.hint = first + resume_hint(options);
  return error;
}

// A command has one error: the gravest of what befell the load. What else did is a warning.
ExitCode finish(Context& context, const WarmResult& result, const WarmOptions& options,
                const std::optional<Error>& lost) {
  std::vector<Error> errors;
  if (result.error) errors.push_back(with_resume_hint(result, options));
  if (lost) errors.push_back(*lost);
  if (result.too_many_bad) errors.push_back(too_many_bad(options));
  for (std::size_t i = 1; i < errors.size(); ++i) context.warn_of_loss(errors[i].message);
  if (!errors.empty()) context.report("warm", errors.front());
  if (result.error) return exit_code_of(*result.error);
  if (lost) return ExitCode::refused;
  const bool any_bad = result.tally.bad + result.tally.resumed_bad > 0;
  return any_bad ? ExitCode::no : ExitCode::done;
}

// One field cannot be both; what is read as base64 counts by the name without that.
void check_fields(const FieldNames& fields) {
  const auto plain = [](std::string_view name) {
    return name.ends_with(base64_suffix) ? name.substr(0, name.size() - base64_suffix.size())
                                         : name;
  };
  if (plain(fields.key) != plain(fields.value)) return;
  throw Failure("usage", Error{Errc::invalid_argument,
                               fmt::format("--key-field {} and --value-field {} are the same field",
                                           fields.key, fields.value),
                               "", "name two; see 'cachekit warm --help' for what they are else"});
}

ExitCode warm(Context& context, WarmArguments& arguments) {
  WarmOptions& options = arguments.options;
  check_fields(arguments.fields);
  check_jitter(arguments);
  options.ttl = arguments.ttl.value_or(Ttl::none());
  options.batch_timeout = batch_timeout(context.settings().operation_timeout);
  check_checkpoint(context.settings(), options);
  DataInput input = value_or_fail("warm", open_data(arguments.input, interrupted));
  CacheBackend& backend = context.backend(Access::write);
  const auto reader =
      make_reader(chosen_format(arguments), std::move(input.read), arguments.fields,
                  record_limit(backend.capabilities().max_key_bytes, context.value_limit(backend)));

  const auto start = SteadyClock::now();
  const auto size = input.compressed ? std::nullopt : size_of(arguments.input);
  ProgressBar bar(context.shows_progress());
  const auto warmer = std::make_unique<Warmer>(  // Large for a stack.
      backend, *reader, options, interrupted, [&](const WarmTally& tally, std::uint64_t bytes) {
        const auto part = size ? std::optional(static_cast<double>(bytes) / *size) : std::nullopt;
        bar.show(part, fmt::format("{} stored", tally.stored));
      });
  const std::optional<Held> before = held_by(backend);
  WarmResult result = warmer->run();
  bar.clear();
  if (!result.unsaved) context.note_written();
  const bool asks = !interrupted() && !result.unsaved;
  const std::optional<Held> after = asks ? held_by(backend) : std::nullopt;
  if (before && after && after->evictions >= before->evictions) {
    result.evicted = after->evictions - before->evictions;
    result.items = after->items;
  }
  const std::chrono::duration<double> took = SteadyClock::now() - start;
  print_summary(context, result, arguments, took.count());
  const auto lost =
      lost_entries(context, backend, result, before.value_or(Held()), after.value_or(Held()));
  return finish(context, result, options, lost);
}

}  // namespace

CommandSpec warm_command() {
  const auto options = std::make_shared<WarmArguments>();
  CommandSpec command{
      .name = "warm",
      .help = "Load many records from a file or standard input",
      .arguments = input_arguments(*options),
      .notes =
          "A bad record is passed over and counted, its line is named at the end, and the exit "
          "code is 1. It is 1 also where --max-errors ended the load, which is an error.\n\n"
          "When a server goes away the load stops with exit code 4: what was stored is counted, "
          "and what was sent without an answer is counted apart. A batch of up to 500 records has "
          "ten times the budget of one operation (--timeout).",
      .examples = {{"cachekit warm products.csv --key-field sku --ttl 1h --jitter 10%",
                    "A column as keys"},
                   {"cachekit warm all.ndjson --checkpoint all.done --rate 5000/s",
                    "Gently, and again from where it stopped"}},
      .run = [options](Context& context) { return warm(context, *options); },
  };
  std::ranges::move(load_arguments(*options), std::back_inserter(command.arguments));
  return command;
}

}  // namespace cachekit::cli
