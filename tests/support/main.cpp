#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#endif

#include <csignal>

int main(int argc, char** argv) {
  // A write to a closed pipe must be an error code in whatever is under test, not a death.
  std::signal(SIGPIPE, SIG_DFL);
  return Catch::Session().run(argc, argv);
}
