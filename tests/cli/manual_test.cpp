// What is made from the table of the command line: the manual and the shells' completion.

#include "cli/run_cachekit.hpp"
#include "cli/shell.hpp"
#include "support/catch.hpp"

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

using namespace cachekit::test;

namespace {

// What bash proposes for the last of these words.
std::string bash_proposes(const std::string& words) {
  return run_shell(
      "source <($cachekit completion bash)\n"
      "COMP_WORDS=(cachekit " +
      words +
      ")\n"
      "COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n"
      "_cachekit 2>/dev/null\n"
      "printf '%s ' \"${COMPREPLY[@]}\"");
}

std::string fish_proposes(const std::string& line) {
  return run_shell(
      "PATH=$(dirname $cachekit):$PATH fish --no-config -c '"
      "cachekit completion fish | source; complete -C \"" +
      line + "\"' | cut -f1 | tr '\\n' ' '");
}

}  // namespace

TEST_CASE("docs/cli.md is what the command prints of itself", "[cli][manual]") {
  std::ifstream file(CACHEKIT_SOURCE_DIR "/docs/cli.md");
  const std::string checked_in{std::istreambuf_iterator<char>(file), {}};
  const auto printed = run_cachekit({"help", "--markdown"});
  CHECK(printed.exit_code == 0);
  INFO("write it anew with: build/dev/bin/cachekit help --markdown > docs/cli.md");
  CHECK(checked_in == printed.out);
}

TEST_CASE("the README shows what backends prints", "[cli][manual]") {
  std::ifstream file(CACHEKIT_SOURCE_DIR "/README.md");
  const std::string readme{std::istreambuf_iterator<char>(file), {}};
  std::istringstream printed(run_cachekit({"backends"}).out);
  std::string quoted = "What `cachekit backends` prints:\n\n";
  for (std::string line; std::getline(printed, line);) quoted += "    " + line + "\n";
  INFO(quoted);
  CHECK(readme.find(quoted + "\n") != std::string::npos);
}

TEST_CASE("the man page is one that groff has nothing to say about", "[cli][manual]") {
  const std::string warnings =
      run_shell("$cachekit help --man | groff -man -Tutf8 -ww -rLL=80n 2>&1 >$home/page");
  CHECK(warnings.empty());
  const std::string page = run_shell("$cachekit help --man | groff -man -Tutf8 -P-cbou -rLL=80n");
  for (const char* part : {"NAME", "cachekit config show", "--ttl DURATION", "EXIT STATUS", "130",
                           "REDIS_HOST", "cachekit incr visits -- -5"}) {
    INFO(part);
    CHECK(page.find(part) != std::string::npos);
  }
}

TEST_CASE("bash completes commands, flags and what they take", "[cli][completion]") {
  CHECK(bash_proposes("co") == "config completion ");
  CHECK(bash_proposes("-u memory: ge") == "get ");
  CHECK(bash_proposes("get --ex") == "--explain ");
  CHECK(bash_proposes("get --ur") == "--url ");
  CHECK(bash_proposes("config s") == "show ");
  CHECK(bash_proposes("config show --o") == "--origin --option ");
  CHECK(bash_proposes("--color a") == "auto always ");
  CHECK(bash_proposes("stats --format p") == "prometheus ");
  CHECK(bash_proposes("warm --format c") == "csv ");
  CHECK(bash_proposes("completion z") == "zsh ");
  CHECK(bash_proposes("help wa") == "warm ");
  CHECK(bash_proposes("help config s") == "show ");
  CHECK(bash_proposes("get -- --ex") == " ");
  CHECK(bash_proposes("set k -- --ttl --f") == " ");
  CHECK(bash_proposes("completion -- z") == "zsh ");
}

TEST_CASE("bash completes files where a file is due", "[cli][completion]") {
  CHECK(run_shell("source <($cachekit completion bash)\n"
                  "cd $home; touch records.csv\n"
                  "for line in 'warm rec' '-c rec' 'set k --file rec'; do\n"
                  "  COMP_WORDS=(cachekit $line); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n"
                  "  _cachekit 2>/dev/null; echo ${COMPREPLY[@]}\n"
                  "done") == "records.csv\nrecords.csv\nrecords.csv\n");
}

TEST_CASE("fish completes commands, flags and what they take", "[cli][completion]") {
  CHECK(fish_proposes("cachekit ge") == "get ");
  CHECK(fish_proposes("cachekit get --ex") == "--explain ");
  CHECK(fish_proposes("cachekit config sh") == "show ");
  CHECK(fish_proposes("cachekit stats --format pro") == "prometheus ");
  CHECK(fish_proposes("cachekit completion z") == "zsh ");
  CHECK(fish_proposes("cachekit help config sh") == "show ");
  CHECK(fish_proposes("cachekit help ge") == "get ");
  CHECK(fish_proposes("cachekit help get ").empty());
  CHECK(fish_proposes("cachekit help config ") == "check init path show ");
  CHECK(fish_proposes("cachekit completion zsh ").empty());
  CHECK(fish_proposes("cachekit get -- --ex").empty());
}

TEST_CASE("zsh completes commands, flags and what they take, again and again",
          "[cli][completion]") {
  const std::string proposals = run_shell(
      "mkdir $home/functions; $cachekit completion zsh > $home/functions/_cachekit\n"
      "export PATH=$(dirname $cachekit):$PATH TERM=dumb\n"
      "zsh -f " CACHEKIT_SOURCE_DIR
      "/tests/cli/zsh_proposes.zsh $home/functions $home/out 'cachekit do' "
      "'cachekit warm --skip-e' 'cachekit config sh' 'cachekit --color al' "
      "'cachekit -u memory: pi' 'cachekit get --verb' 'cachekit get -- --verb' 'cachekit "
      "completion f' "
      "'cachekit completion -- f' 'cachekit help config sh'\n"
      "cat $home/out");
  CHECK(proposals ==
        "<doctor>\n<--skip-existing>\n<show>\n<always>\n<ping>\n<--verbose>\n<fish>\n<fish>\n"
        "<show>\n");
}
