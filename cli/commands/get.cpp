#include "commands/commands.hpp"
#include "failure.hpp"
#include "output/envelope_fields.hpp"
#include "output/json.hpp"

#include <cachekit/units.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

struct GetOptions {
  std::vector<std::string> keys;
  bool ttl = false;
  bool decode = false;
  bool explain = false;
};

// One key's answer, with what else was asked about it.
struct Answer {
  const std::string& key;
  const std::optional<std::string>& value;
  std::optional<Ttl> ttl;
  std::optional<EnvelopeView> envelope;
};

std::string explanation(const CacheBackend& backend, const Answer& answer) {
  std::string text = fmt::format("{}: {} from {} {}, {}", answer.key, answer.value ? "hit" : "miss",
                                 to_string(backend.tier()), backend.name(), backend.target());
  if (!answer.value) return text + "; no such key, or it has expired or been evicted";
  if (answer.envelope) text += fmt::format("; {} old", format_duration(age_of(*answer.envelope)));
  if (answer.ttl) text += fmt::format("; TTL {}", to_string(*answer.ttl));
  return text;
}

Json json_of(const CacheBackend& backend, const Answer& answer, const GetOptions& options) {
  Json line;
  put_bytes(line, "key", answer.key);
  line["found"] = answer.value.has_value();
  if (!answer.value) {
    line["value"] = nullptr;
  } else {
    put_bytes(line, "value", answer.envelope ? answer.envelope->payload : *answer.value);
  }
  if (options.ttl) {
    line["ttl_ms"] =
        answer.ttl && answer.ttl->expires() ? Json(answer.ttl->duration().count()) : Json();
  }
  if (answer.envelope) line["envelope"] = envelope_json(*answer.envelope);
  if (options.explain) {
    line["explain"] = {
        {"tier", to_string(backend.tier())},
        {"backend", backend.name()},
        {"target", backend.target()},
        {"age_ms", answer.envelope ? Json(age_of(*answer.envelope).count()) : Json()},
        {"why", answer.value ? "hit" : "no such key, or it has expired or been evicted"}};
  }
  return line;
}

void print_text(Context& context, const Answer& answer, const GetOptions& options) {
  if (!answer.value) {
    context.note(fmt::format("cachekit: get: {}: not found", answer.key));
    return;
  }
  if (answer.envelope) context.out.write(envelope_text(*answer.envelope));
  const std::string_view value = answer.envelope ? answer.envelope->payload : *answer.value;
  if (options.keys.size() > 1) {
    context.out.data(answer.key);
    context.out.write("\t");
    context.out.data(value);
    context.out.write("\n");
  } else {
    context.out.data(value);
    if (context.out.is_terminal()) context.out.write("\n");
  }
  if (!options.ttl || !answer.ttl) return;
  const std::string whose = options.keys.size() > 1 ? " of " + answer.key : "";
  context.note(fmt::format("ttl{}: {}", whose, to_string(*answer.ttl)));
}

ExitCode show(Context& context, CacheBackend& backend, const std::string& key,
              const std::optional<std::string>& value, const GetOptions& options) {
  Answer answer{key, value, std::nullopt, std::nullopt};
  if (value && (options.ttl || (options.explain && backend.capabilities().remaining_ttl))) {
    answer.ttl = value_or_fail("ttl " + key, backend.ttl(key)).value_or(Ttl::none());
  }
  if (value && (options.decode || (options.explain && looks_like_envelope(*value)))) {
    answer.envelope = value_or_fail("decode " + key, decode_envelope(*value));
  }
  if (options.explain && !context.options.json) context.note(explanation(backend, answer));
  if (!options.decode && !options.explain) answer.envelope.reset();
  if (context.options.json) {
    context.out.line(dump(json_of(backend, answer, options)));
  } else {
    if (!options.decode) answer.envelope.reset();
    print_text(context, answer, options);
  }
  return value ? ExitCode::done : context.report_not_found();
}

// What is wrong with one answer does not keep the others from being shown.
ExitCode show_or_report(Context& context, CacheBackend& backend, const std::string& key,
                        const std::optional<std::string>& value, const GetOptions& options) {
  try {
    return show(context, backend, key, value, options);
  } catch (const Failure& failure) {
    if (failure.what == "output") throw;
    context.report(failure.what, failure.error);
    return failure.code;
  }
}

ExitCode run_get(Context& context, const GetOptions& options) {
  CacheBackend& backend = context.backend(Access::read);
  const std::vector<std::string_view> keys(options.keys.begin(), options.keys.end());
  const auto values = backend.get_many(keys);
  ExitCode code = ExitCode::done;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i]) {
      const std::string& key = options.keys[i];
      code = worse(code, show_or_report(context, backend, key, *values[i], options));
    } else {
      context.report("get " + options.keys[i], values[i].error());
      code = worse(code, exit_code_of(values[i].error()));
    }
  }
  return code;
}

}  // namespace

CommandSpec get_command() {
  const auto options = std::make_shared<GetOptions>();
  return {
      .name = "get",
      .help = "Print values: one key, its exact bytes; several, KEY<TAB>VALUE lines",
      .arguments = {{.name = "KEY",
                     .takes = Takes::many,
                     .help = "Keys to look up",
                     .required = true,
                     .into = texts(options->keys)},
                    {.name = "--ttl",
                     .takes = Takes::nothing,
                     .help = "Also what is left of the TTL",
                     .into = switch_on(options->ttl)},
                    {.name = "--decode",
                     .takes = Takes::nothing,
                     .help = "Take the expander's envelope apart: its fields, then the payload",
                     .into = switch_on(options->decode)},
                    {.name = "--explain",
                     .takes = Takes::nothing,
                     .help = "Say where it came from, how old, and why",
                     .into = switch_on(options->explain)}},
      .examples = {{"cachekit get user:1", "The exact bytes"},
                   {"cachekit --json get --ttl user:1 user:2", "A JSON object a line"}},
      .run = [options](Context& context) { return run_get(context, *options); },
  };
}

}  // namespace cachekit::cli
