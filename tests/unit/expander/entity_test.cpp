#include "support/catch.hpp"
#include "unit/expander/entities.hpp"

#include <cstdint>

using namespace cachekit;

namespace shop {

struct OrderId {
  int year;
  int number;
};
std::string to_cache_id(const OrderId& id) {
  return std::to_string(id.year) + "-" + std::to_string(id.number);
}

}  // namespace shop

// Types that cannot be changed are described from outside.
template <>
struct cachekit::EntityTraits<std::string> {
  static constexpr std::string_view prefix = "page";
  using codec = RawCodec;
};

static_assert(Entity<User>);
static_assert(Entity<std::string>);
static_assert(!Entity<int>);
static_assert(CacheId<std::string_view> && CacheId<const char*> && CacheId<std::uint64_t>);
static_assert(CacheId<shop::OrderId>);
static_assert(!CacheId<bool> && !CacheId<double> && !CacheId<char> && !CacheId<User>);

TEST_CASE("keys are prefix:id, for ids of text, numbers and types of one's own", "[expander]") {
  CHECK(CacheExpander::key<User>("ada") == "user:ada");
  CHECK(CacheExpander::key<User>(std::string("a:b c")) == "user:a:b c");
  CHECK(CacheExpander::key<User>(42) == "user:42");
  CHECK(CacheExpander::key<User>(-1L) == "user:-1");
  CHECK(CacheExpander::key<User>(UINT64_MAX) == "user:18446744073709551615");
  CHECK(CacheExpander::key<std::string>(shop::OrderId{2026, 7}) == "page:2026-7");
}

TEST_CASE("a type's prefix, codec and schema come from its members or its traits", "[expander]") {
  constexpr EntityKind user = entity_kind<User>();
  CHECK(user.prefix == "user");
  CHECK(user.codec == CodecId{200});
  CHECK(user.schema == 3);
  constexpr EntityKind page = entity_kind<std::string>();
  CHECK(page.prefix == "page");
  CHECK(page.codec == CodecId::raw);
  CHECK(page.schema == 0);
}

TEST_CASE("text is cached as it is, every byte of it", "[expander]") {
  Fixture t;
  std::string every_byte;
  for (int byte = 0; byte < 256; ++byte) every_byte.push_back(static_cast<char>(byte));
  REQUIRE(t.expander.fetch<std::string>("all", [&] { return every_byte; }));
  auto page = t.expander.find<std::string>("all");
  REQUIRE(page);
  CHECK(page->value == every_byte);
  CHECK(decode_envelope(t.backend.inner().entries.at("page:all").value)->payload == every_byte);
}

TEST_CASE("two types do not share an entry, whatever their ids", "[expander]") {
  Fixture t;
  REQUIRE(t.fetch());
  const auto page = t.expander.find<std::string>(1);
  REQUIRE(page);
  CHECK_FALSE(page->has_value());
}
