#include "parser/wrap.hpp"

#include "output/shell_word.hpp"
#include "support/catch.hpp"

using namespace cachekit::cli;

TEST_CASE("text is broken at spaces, and a long word stays whole", "[cli][help]") {
  CHECK(wrapped("one two three", 2, 9) == "  one two\n  three\n");
  CHECK(wrapped("a-long-word-that-does-not-fit b", 0, 10) == "a-long-word-that-does-not-fit\nb\n");
  CHECK(wrapped("one\n\ntwo", 1, 20) == " one\n\n two\n");
}

TEST_CASE("a command line is continued by a backslash, never within quotes", "[cli][help]") {
  CHECK(wrapped_command("a 'b c d' e", 0, 80) == "a 'b c d' e\n");
  CHECK(wrapped_command("cachekit del --pattern 'a b'", 2, 20) ==
        "  cachekit del \\\n      --pattern \\\n      'a b'\n");
}

TEST_CASE("a word that a shell would take apart stands in quotes", "[cli][output]") {
  CHECK(shell_word("redis://h:1/0") == "redis://h:1/0");
  CHECK(shell_word("memory:a b") == "'memory:a b'");
  CHECK(shell_word("it's") == "'it'\\''s'");
  CHECK(shell_word("") == "''");
}
