#include "cli/targets.hpp"

#include "support/catch.hpp"

namespace cachekit::test {

void Targets::each(const std::function<void(const std::string& url)>& body) const {
  for (const std::string& url : {memory(), redis(), memcached()}) {
    INFO("over " << url);
    body(url);
  }
}

}  // namespace cachekit::test
