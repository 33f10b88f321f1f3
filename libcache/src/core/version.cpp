#include <cachekit/version.hpp>

#define CACHEKIT_TEXT_OF(x) #x
#define CACHEKIT_TEXT(x) CACHEKIT_TEXT_OF(x)

namespace cachekit {

const char* version() noexcept {
  return CACHEKIT_TEXT(CACHEKIT_VERSION_MAJOR) "." CACHEKIT_TEXT(
      CACHEKIT_VERSION_MINOR) "." CACHEKIT_TEXT(CACHEKIT_VERSION_PATCH);
}

}  // namespace cachekit
