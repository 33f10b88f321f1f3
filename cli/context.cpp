#include "context.hpp"

#include "endable.hpp"
#include "failure.hpp"
#include "interrupt.hpp"
#include "output/json.hpp"
#include "output/printable.hpp"
#include "output/shell_word.hpp"
#include "transfer/standard_descriptors.hpp"
#include "transfer/wait_for.hpp"

#include <cachekit/units.hpp>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include <fmt/format.h>
#include <unistd.h>

namespace cachekit::cli {
namespace {

constexpr std::string_view read_it_back = "read the value back before you write it again";

bool names_secret(const std::string& key_value) {
  return std::ranges::any_of(cachekit::options(), [&](const Option& option) {
    return option.kind == Option::Kind::secret &&
           key_value.starts_with(std::string(option.key) + "=");
  });
}

std::string error_json(std::string_view what, const Error& error, std::string_view hint) {
  Json fields{{"what", what}};
  fields.update(json_of(error));
  fields["hint"] = hint;
  return dump({{"error", fields}});
}

}  // namespace

std::string Context::for_target(std::string_view words) const {
  std::string unnamed = fmt::format("'cachekit {}', with the options that you gave here", words);
  if (has_password(options.url) || std::ranges::any_of(options.options, names_secret)) {
    return unnamed;
  }
  std::string line = "cachekit";
  const auto add = [&](std::string_view flag, const std::string& value) {
    if (!value.empty()) line += fmt::format(" {} {}", flag, shell_word(value));
  };
  add("-p", options.profile);
  add("-c", options.config_file);
  add("-u", options.url);
  for (const std::string& option : options.options) add("-o", option);
  line += fmt::format(" {}", words);
  if (without_credentials(line) != line) return unnamed;  // A URL in the wrong place.
  const char quote = line.find('\'') == std::string::npos ? '\'' : '`';
  return fmt::format("{0}{1}{0}", quote, line);
}

// What to do next where the error itself does not say.
std::string Context::usual_hint(const Error& error) const {
  if (is_out_of_memory(error)) {
    return error.code != Errc::outcome_unknown
               ? std::string(no_memory_hint)
               : fmt::format("{}; {}", read_it_back, no_memory_hint);
  }
  switch (error.code) {
    case Errc::invalid_argument:
      return fmt::format("see '{} --help'", command);
    case Errc::too_large:
      return "store a smaller value, or raise the limit on the server";
    case Errc::timeout:
      return fmt::format("raise --timeout, or look at the server with {}", for_target("ping"));
    case Errc::outcome_unknown:
      return std::string(read_it_back);
    case Errc::unavailable:
      return fmt::format("check the server with {}, and the address with {}", for_target("ping"),
                         for_target("config show"));
    case Errc::overloaded:
      return "lower the load, or raise the pool's size";
    case Errc::rejected:
      return "the server said no: see its words above";
    case Errc::protocol:
      return "check that the port belongs to the server that is expected";
    case Errc::decode:
      return "the stored bytes are not what was expected; overwrite or delete the entry";
    case Errc::unsupported:
      return "see 'cachekit backends' for what each backend can do";
    case Errc::cancelled:
      return "run it again to go on";
    case Errc::loader_failed:
      return "look at the source of the data";
  }
  return "";
}

SettingsRequest Context::settings_request() const {
  SettingsRequest request;
  if (!options.profile.empty()) request.profile = options.profile;
  if (!options.config_file.empty()) request.file = options.config_file;
  if (!options.url.empty()) request.url = options.url;
  request.operation_timeout = options.timeout;
  for (const std::string& option : options.options) {
    const std::size_t equals = option.find('=');
    request.options.emplace_back(option.substr(0, equals),
                                 equals == std::string::npos ? "" : option.substr(equals + 1));
  }
  return request;
}

Settings& Context::mutable_settings() {
  if (settings_) return *settings_;
  if (names_closed_descriptor(options.config_file)) {
    throw Failure(
        "configuration",
        Error{Errc::rejected, fmt::format("cannot read {}: it is closed", options.config_file), "",
              "name a file with --config"});
  }
  Result<Settings> loaded = load_settings(settings_request());
  if (!loaded) {
    // A file that is a pipe may have been waited for.
    if (interrupted()) throw Failure("configuration", Error{Errc::cancelled, "interrupted"});
    throw wrong_configuration(std::move(loaded).error());
  }
  settings_ = *std::move(loaded);
  warn_of_secrets();
  return *settings_;
}

void Context::warn_of_secrets() {
  constexpr std::string_view advice =
      "stands in shell histories and process lists; use REDIS_PASSWORD or redis.password_file";
  if (has_password(options.url)) warn(fmt::format("the password in the URL {}", advice));
  const auto secret = std::ranges::find_if(options.options, names_secret);
  if (secret == options.options.end()) return;
  warn(fmt::format("{} on the command line {}", secret->substr(0, secret->find('=')), advice));
}

const Settings& Context::settings() { return mutable_settings(); }

void Context::warn_of_practice() {
  if (!settings().production) return;
  for (const Finding& finding : check_best_practices(settings())) {
    if (finding.level == Finding::Level::warning) warn(finding.what + "; " + finding.fix);
  }
}

// What is stored in a cache of this process without a snapshot is gone when the command ends. Who
// asked for that hears of it; a user of the profile `dev` without a home did not ask for it.
void Context::check_memory(Access access) {
  const Settings& chosen = settings();
  if (facts_of(chosen.backend).tier != Tier::in_process || !chosen.memory.snapshot_file.empty()) {
    return;
  }
  const auto origin = chosen.origins.find("memory.snapshot_file");
  if (origin == chosen.origins.end() || origin->second != "profile dev") {
    if (access == Access::write) {
      warn_of_loss(
          "this cache ends with the command, and what is written with it; name a file to keep it "
          "in: --url memory:FILE");
    }
    return;
  }
  const std::string why =
      "there is no home directory to keep anything in: HOME is not set, or no absolute path";
  const std::string hint = "set HOME, or name a file: --url memory:FILE";
  if (access == Access::read) return warn(why + "; " + hint);
  throw Failure("profile dev", Error{Errc::rejected, why, "", hint});
}

// A change to a snapshot that is never written is lost as well.
void Context::check_snapshot(Access access) {
  const Settings& chosen = settings();
  const bool read_only = facts_of(chosen.backend).tier == Tier::in_process &&
                         !chosen.memory.snapshot_file.empty() && chosen.memory.snapshot_read_only;
  if (access == Access::read || !read_only) return;
  throw Failure(chosen.memory.snapshot_file.string(),
                Error{Errc::rejected, "memory.snapshot_read_only is set: the change would be lost",
                      "", "leave snapshot_read_only out, or set it to false"});
}

CacheBackend& Context::unconnected_backend(Access access) {
  if (backend_) return *backend_;
  check_memory(access);
  check_snapshot(access);
  Settings& chosen = mutable_settings();
  if (access == Access::read) chosen.memory.snapshot_read_only = true;
  chosen.memory.snapshot_must_fit = access == Access::write;
  Result<std::unique_ptr<CacheBackend>> made = make_backend(endable(chosen));
  if (!made) throw wrong_configuration(std::move(made).error());
  backend_ = *std::move(made);
  detail(fmt::format("profile {}, backend {}, target {}", chosen.profile, backend_->name(),
                     backend_->target()));
  return *backend_;
}

// Connecting has a budget of its own.
Error Context::why_unconnected(const CacheBackend& made, Error error) const {
  if (error.code == Errc::timeout) {
    error.hint = fmt::format(
        "raise the budget with -o {}.connection_timeout=30s, or look at the server with {}",
        made.name(), for_target("ping"));
  }
  return error;
}

std::size_t Context::value_limit(const CacheBackend& made) {
  const std::string_view name = facts_of(settings().backend).value_option;
  const auto option = std::ranges::find(cachekit::options(), name, &Option::key);
  if (option == cachekit::options().end()) return made.capabilities().max_value_bytes;
  return value_or_fail(std::string(name), parse_bytes(option->get(settings()))).count;
}

void Context::require_connected(CacheBackend& made) {
  if (server_count(settings()) <= 1) {
    if (Result<void> connected = made.connect(); !connected) {
      throw Failure(std::string(made.name()), why_unconnected(made, connected.error()));
    }
    return;
  }
  for (const NodePing& node : made.ping().nodes) {
    if (node.error) throw Failure(std::string(made.name()), *node.error);
  }
}

CacheBackend& Context::backend(Access access) {
  CacheBackend& made = unconnected_backend(access);
  if (connected_) return made;
  warn_of_practice();
  // One server of several may hang or be down: the keys of the others can still be asked, and what
  // is asked for connects what it needs.
  const bool others = server_count(settings()) > 1;
  const Result<void> connected = others ? Result<void>() : made.connect();
  warn_of_snapshot(access);
  if (!connected) throw Failure(std::string(made.name()), why_unconnected(made, connected.error()));
  connected_ = true;
  if (made.tier() == Tier::in_process && !settings().memory.snapshot_file.empty()) {
    held_ = held_by(made);
  }
  return made;
}

std::vector<std::string> Context::snapshot_warnings() const {
  const auto* memory = dynamic_cast<const InMemoryBackend*>(backend_.get());
  return memory == nullptr ? std::vector<std::string>() : memory->warnings();
}

void Context::warn_of_snapshot(Access access) {
  for (const std::string& warning : snapshot_warnings()) {
    access == Access::write ? warn_of_loss(warning) : warn(warning);  // Reading loses nothing.
  }
}

std::optional<Failure> Context::partial_snapshot() const {
  const std::vector<std::string> warnings = snapshot_warnings();
  if (warnings.empty()) return std::nullopt;
  return Failure(command.substr(command.find(' ') + 1),
                 Error{Errc::rejected,
                       fmt::format("not all that was stored: {}", fmt::join(warnings, "; ")),
                       {},
                       std::string(whole_snapshot_hint)});
}

void Context::require_whole_snapshot() const {
  if (const std::optional<Failure> partial = partial_snapshot()) throw Failure(*partial);
}

ExitCode Context::report_not_found() {
  const std::optional<Failure> partial = partial_snapshot();
  if (!partial) return ExitCode::no;
  if (!std::exchange(told_partial_, true)) report(partial->what, partial->error);
  return partial->code;
}

void Context::flush_backend() {
  if (!backend_) return;
  if (Result<void> flushed = backend_->flush(); !flushed) {
    throw Failure("saving", std::move(flushed).error());
  }
  written_ = true;
  warn_of_evictions();
}

// Entries that a snapshot had to let go are lost to whoever loads it.
void Context::warn_of_evictions() {
  if (!held_) return;
  const std::optional<Held> now = held_by(*backend_);
  if (!now || now->evictions <= held_->evictions) return;
  const std::uint64_t evicted = now->evictions - held_->evictions;
  warn_of_loss(fmt::format("{}; {}", evictions_text(evicted, now->items),
                           more_room(settings().memory, *now, evicted)));
}

namespace {

// Why a call did not come to its end, where the answer is that somebody wanted to go.
Error interrupted_instead_of(const Error& error) {
  switch (error.code) {
    case Errc::outcome_unknown:
      return {Errc::cancelled, "interrupted before the answer came: it may have been done or not",
              error.endpoint, std::string(read_it_back)};
    case Errc::timeout:
    case Errc::unavailable:
      return {Errc::cancelled, "interrupted", error.endpoint, {}};
    default:
      return error;
  }
}

// A URL that stands where none is meant is quoted as it was given, password and all.
Error masked(const Error& error) {
  return {error.code, without_credentials(error.message), without_credentials(error.endpoint),
          without_credentials(error.hint)};
}

}  // namespace

// Trouble with stderr is no reason to break off.
void Context::tell(std::string_view text, std::string_view color) {
  try {
    err.control(color);
    err.write(text);
    if (!color.empty()) err.control("\x1b[0m");
    err.write("\n");
    err.flush();
  } catch (const ClosedPipe&) {
  } catch (const Failure&) {
    left_untold_ = true;
  }
}

void Context::report(std::string_view given_what, const Error& given) {
  const std::string what = without_credentials(given_what);
  const Error error = masked(interrupted() ? interrupted_instead_of(given) : given);
  try {
    out.flush();  // Data that came before the error is shown before it.
  } catch (const ClosedPipe&) {
  } catch (const Failure&) {
  }
  const std::string hint = error.hint.empty() ? without_credentials(usual_hint(error)) : error.hint;
  if (options.json) return tell(error_json(what, error, hint));
  const bool colored = color(err);
  const std::string why = printable(fmt::format("cachekit: {}: {}", what, error.describe()));
  tell(why, colored ? "\x1b[31m" : "");
  tell("hint: " + printable(hint));
}

// What scripts read under `--json` is JSON throughout.
void Context::say(std::string_view kind, std::string_view prefix, std::string_view text) {
  out.flush();
  const std::string shown = without_credentials(text);
  if (options.json) return tell(dump(Json{{std::string(kind), shown}}));
  tell(printable(fmt::format("{}{}", prefix, shown)));
}

void Context::note(std::string_view text) {
  if (!options.quiet) note_of_loss(text);
}

void Context::note_of_loss(std::string_view text) { say("note", "", text); }

void Context::warn(std::string_view text) {
  if (!options.quiet) warn_of_loss(text);
}

void Context::warn_of_loss(std::string_view text) { say("warning", "cachekit: warning: ", text); }

void Context::detail(std::string_view text) {
  if (options.verbose) note(fmt::format("cachekit: {}", text));
}

bool Context::color(const Writer& writer) const {
  // One that does not understand the sequences shows them, whatever was asked for.
  if (writer.is_terminal() && !writer.has_controls()) return false;
  if (options.color == "always") return true;
  if (options.color == "never") return false;
  const char* no_color = std::getenv("NO_COLOR");
  return writer.is_terminal() && (no_color == nullptr || *no_color == '\0');
}

bool Context::shows_progress() const { return err.has_controls() && !options.quiet; }

bool Context::confirmed(bool yes, std::string_view question) {
  if (yes) return true;
  if (isatty(STDIN_FILENO) == 0 || !err.is_terminal()) {
    throw Failure("not confirmed",
                  Error{Errc::invalid_argument, fmt::format("{} needs a yes", question), "",
                        "add --yes when you are sure"});
  }
  err.write(fmt::format("{}. Type yes to go on: ", without_credentials(question)));
  err.flush();
  std::string answer;
  return wait_for_input(STDIN_FILENO, interrupted) && std::getline(std::cin, answer) &&
         answer == "yes";
}

}  // namespace cachekit::cli
