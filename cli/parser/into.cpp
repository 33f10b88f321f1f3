#include "parser/into.hpp"

namespace cachekit::cli {

Into switch_on(bool& flag) {
  return [&flag](std::string_view given) -> Result<void> {
    flag = given == "true";
    return {};
  };
}

Into texts(std::vector<std::string>& into) {
  return [&into](std::string_view given) -> Result<void> {
    into.emplace_back(given);
    return {};
  };
}

}  // namespace cachekit::cli
