#include "memcached/expiry.hpp"

#include "support/catch.hpp"

using namespace cachekit;
using namespace std::chrono_literals;
using memcached::expiry_number;

namespace {

const Runtime::wall_time now{1'700'000'000s};

}  // namespace

TEST_CASE("a TTL up to 30 days is sent as seconds and above as a date", "[memcached]") {
  CHECK(expiry_number(2'591'999s, now) == 2'591'999);
  CHECK(expiry_number(2'592'000s, now) == 2'592'000);
  CHECK(expiry_number(2'592'001s, now) == 1'700'000'000 + 2'592'001);
  CHECK(expiry_number(2'592'000s + 1ms, now) == 1'700'000'000 + 2'592'001);
}

TEST_CASE("a TTL below one second does not become no expiry", "[memcached]") {
  CHECK(expiry_number(1ms, now) == 1);
  CHECK(expiry_number(1000ms, now) == 1);
  CHECK(expiry_number(1001ms, now) == 2);
  CHECK(expiry_number(Ttl::none(), now) == 0);
}

TEST_CASE("a date that the server's 32 bits do not hold is refused", "[memcached]") {
  const Runtime::wall_time late{2'147'483'647s - 2'592'001s};
  CHECK(expiry_number(2'592'001s, late) == 2'147'483'647);
  CHECK(expiry_number(2'592'002s, late).error().code == Errc::invalid_argument);
  CHECK(expiry_number(Ttl::max, now) == 1'700'000'000 + 315'360'000);
}
