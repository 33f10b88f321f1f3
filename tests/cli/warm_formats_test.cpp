#include "cli/run_cachekit.hpp"
#include "cli/shell.hpp"
#include "support/catch.hpp"

#include <string>

using namespace cachekit::test;

TEST_CASE("warm reads compressed files and other endings as what they are", "[cli][warm][input]") {
  CHECK(run_shell(
            "printf 'key,value\\na,1\\n' > $home/T.CSV; printf 'key\\tvalue\\nb\\t2\\n' > "
            "$home/t.Tsv;"
            "printf '[{\"key\":\"c\",\"value\":3},\\n {\"key\":\"d\",\"value\":4}]' > $home/t.json;"
            "gzip -k $home/T.CSV; xz -k $home/t.Tsv; bzip2 -k $home/t.json; zstd -qk $home/t.json;"
            "for f in T.CSV t.Tsv t.json T.CSV.gz t.Tsv.xz t.json.bz2 t.json.zst; do "
            "$cachekit -u memory:$home/s-$f warm $home/$f | sed 's/ in .*//'; done;"
            "$cachekit -u memory:$home/s-1 warm - --format csv < $home/T.CSV.gz | sed 's/ in .*//';"
            "$cachekit -u memory:$home/s-t.json.zst get d") ==
        "stored 1, skipped 0, bad 0\nstored 1, skipped 0, bad 0\nstored 2, skipped 0, bad 0\n"
        "stored 1, skipped 0, bad 0\nstored 1, skipped 0, bad 0\nstored 2, skipped 0, bad 0\n"
        "stored 2, skipped 0, bad 0\nstored 1, skipped 0, bad 0\n4");
}

TEST_CASE("warm names UTF-16, and its hint works as it stands", "[cli][warm][input]") {
  CHECK(run_shell("printf 'key,value\\na,1\\n' | iconv -t UTF-16 > \"$home/it's.csv\"; cd $home;"
                  "$cachekit -u memory:s warm \"it's.csv\" 2>e; echo $?; head -1 e;"
                  "eval \"$(sed -n 's/hint: convert it: //p' e)\";"
                  "$cachekit -u memory:s warm \"converted-it's.csv\" | sed 's/ in .*//'") ==
        "2\ncachekit: warm: it's.csv is UTF-16 text, which is not read here\n"
        "stored 1, skipped 0, bad 0\n");
}

TEST_CASE("the hint for packed UTF-16 works as it stands", "[cli][warm][input]") {
  CHECK(run_shell(
            "cd $home; printf 'key,value\\na,1\\n' | iconv -t UTF-16 > u.csv; gzip -k u.csv;"
            "gzip -c u.csv | xz -c > u.csv.xz; for f in u.csv.gz u.csv.xz; do rm -f converted-*;"
            "$cachekit -u memory:s warm $f 2>e; echo $?;"
            "eval \"$(sed -n 's/hint: convert it: //p' e)\";"
            "$cachekit -u memory:s warm converted-u.csv | sed 's/ in .*//'; done") ==
        "2\nstored 1, skipped 0, bad 0\n2\nstored 1, skipped 0, bad 0\n");
}

TEST_CASE("a trace is recognised as warm's input is", "[cli][bench][input]") {
  CHECK(run_shell(
            "printf '\\357\\273\\277a\\na\\nb\\na\\n' > $home/t; for t in gzip bzip2 'zstd -q' xz; "
            "do "
            "$t -c < $home/t > $home/z; $cachekit -q --json -u memory: bench --distribution "
            "trace:$home/z --capacity 1000items | grep -o '\"hit_ratio\":[0-9.]*' | tail -1; done;"
            "printf '[\"a\",\\n\"b\"]' > $home/j; iconv -f UTF-8 -t UTF-16 $home/t > $home/u; for "
            "f in j u; "
            "do "
            "$cachekit -u memory: bench --distribution trace:$home/$f >$home/o 2>$home/e; echo $?;"
            "head -1 $home/e | grep -c 'JSON array\\|UTF-16'; done") ==
        "\"hit_ratio\":0.5\n\"hit_ratio\":0.5\n\"hit_ratio\":0.5\n\"hit_ratio\":0.5\n2\n1\n2\n1\n");
}

TEST_CASE("warm names an archive and how to get at its records", "[cli][warm][input]") {
  CHECK(run_shell("cd $home; printf 'key,value\\na,1\\n' > a.csv; tar -cf a.tar a.csv;"
                  "tar -czf a.tar.gz a.csv; xz --format=lzma -k a.csv;"
                  "for f in a.tar a.tar.gz a.csv.lzma; do"
                  " $cachekit -u memory:s warm $f 2>e; echo $?; cat e; done;"
                  "xz --format=lzma -dc a.csv.lzma > converted-a.csv;"
                  "$cachekit -u memory:s warm converted-a.csv | cut -d, -f1") ==
        "2\ncachekit: warm: a.tar is a tar archive, which is not read here\n"
        "hint: unpack it first, and name what is in it\n"
        "2\ncachekit: warm: a.tar.gz is a tar archive, which is not read here\n"
        "hint: unpack it first: gzip -dc 'a.tar.gz' > 'converted-a.tar', and name what is in it\n"
        "2\ncachekit: warm: a.csv.lzma is compressed with lzma, which is not read here\n"
        "hint: unpack it: xz --format=lzma -dc 'a.csv.lzma' > 'converted-a.csv'\nstored 1\n");
}

TEST_CASE("damaged input is exit 5 of warm and of a trace", "[cli][warm][bench][input]") {
  CHECK(run_shell("printf '{\"key\":\"a\",\"value\":1}\\n' | gzip > $home/z; printf x >> $home/z;"
                  "$cachekit -u memory:$home/s warm $home/z 2>$home/e | sed 's/ in .*//'; echo "
                  "${PIPESTATUS[0]}; grep -c 'z: something else follows its end, at byte' $home/e;"
                  "$cachekit -u memory: bench --distribution trace:$home/z 2>$home/e; echo $?;"
                  "grep -c 'something else follows' $home/e") ==
        "stored 1, skipped 0, bad 0\n5\n1\n5\n1\n");
}

TEST_CASE("endless input ends at the limit of what can be stored", "[cli][input]") {
  CHECK(run_shell("$cachekit -q -u memory:$home/s set k - </dev/zero 2>$home/e;"
                  "echo $? $(grep -c too.l $home/e);"
                  "head -c 700000000 /dev/zero | $cachekit -u memory:$home/s warm - 2>$home/e |"
                  "sed 's/ in .*//'; grep -c 'longer than' $home/e") ==
        "5 1\nstored 0, skipped 0, bad 1\n1\n");
}
