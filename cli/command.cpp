#include "command.hpp"

#include "failure.hpp"

namespace cachekit::cli {

std::string Commands::help_of(const std::string& name) const {
  if (name.empty()) return app_.help();
  try {
    return app_.get_subcommand(name)->help();
  } catch (const CLI::OptionNotFound&) {
    throw Failure("help", Error{Errc::invalid_argument, "there is no command '" + name + "'", "",
                                "'cachekit help' lists them all"});
  }
}

}  // namespace cachekit::cli
