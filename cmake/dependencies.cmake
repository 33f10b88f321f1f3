# Every library that cachekit stands on, found once. All are Debian packages; scripts/setup.sh names
# them.
# Global, because whoever links the static libraries from another directory needs these targets too.
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(fmt REQUIRED)
find_package(tl-expected REQUIRED)
find_package(tsl-robin-map REQUIRED)
find_package(ZLIB REQUIRED)
pkg_check_modules(hiredis REQUIRED IMPORTED_TARGET GLOBAL hiredis)
pkg_check_modules(libmemcached REQUIRED IMPORTED_TARGET GLOBAL libmemcached)
pkg_check_modules(tomlplusplus REQUIRED IMPORTED_TARGET GLOBAL tomlplusplus)
find_package(nlohmann_json REQUIRED)
if(CACHEKIT_CLI OR CACHEKIT_BENCH)
  find_package(CLI11 REQUIRED)
endif()
if(CACHEKIT_TESTS)
  find_package(Catch2 REQUIRED)
endif()
