# make install: headers, libraries, the command, and the two ways by which others find them,
# find_package(cachekit) and pkg-config.
include(CMakePackageConfigHelpers)

set(_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/cachekit)

# One export set for each component, so that a program that asks for one needs the libraries of that
# one alone. cachekitConfig.cmake loads them in the order of their dependencies.
foreach(_component core memory expander redis memcached cachekit)
  # The libraries find each other wherever the prefix is moved to.
  set_target_properties(cachekit_${_component} PROPERTIES INSTALL_RPATH "$ORIGIN")
  install(TARGETS cachekit_${_component} EXPORT cachekit-${_component}
          RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
          LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
          ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT cachekit-${_component} NAMESPACE cachekit:: DESTINATION ${_package_dir}
          FILE cachekit-${_component}-targets.cmake)
endforeach()

install(DIRECTORY ${PROJECT_SOURCE_DIR}/libcache/include/cachekit
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp")

# The specification that backends keep to, as sources, so that it needs no Catch2 here.
set(_contract_dir ${CMAKE_INSTALL_DATADIR}/cachekit/contract)
set(_support ${PROJECT_SOURCE_DIR}/tests/support)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/tests/contract/ DESTINATION ${_contract_dir}
        FILES_MATCHING PATTERN "subject.?pp" PATTERN "*_test.cpp" PATTERN "own_*" EXCLUDE)
install(FILES ${_support}/main.cpp ${_support}/pipes.cpp DESTINATION ${_contract_dir})
install(FILES ${_support}/catch.hpp ${_support}/crew.hpp ${_support}/gate.hpp ${_support}/results.hpp
        DESTINATION ${_contract_dir}/support)
file(RELATIVE_PATH _package_to_contract ${CMAKE_INSTALL_FULL_LIBDIR}/cmake/cachekit
     ${CMAKE_INSTALL_FULL_DATADIR}/cachekit/contract)
configure_file(${CMAKE_CURRENT_LIST_DIR}/cachekit-contract-targets.cmake.in
               ${PROJECT_BINARY_DIR}/cachekit-contract-targets.cmake @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/cachekit-contract-targets.cmake DESTINATION ${_package_dir})

if(TARGET cachekit_command)
  file(RELATIVE_PATH _bin_to_lib ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
  set_target_properties(cachekit_command PROPERTIES INSTALL_RPATH "$ORIGIN/${_bin_to_lib}")
  install(TARGETS cachekit_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
if(TARGET cachekit_manual)
  set(_generated ${PROJECT_BINARY_DIR}/cli/generated)
  install(FILES ${_generated}/cachekit.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 OPTIONAL)
  install(FILES ${_generated}/cachekit.bash RENAME cachekit
          DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions OPTIONAL)
  install(FILES ${_generated}/_cachekit DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions OPTIONAL)
  install(FILES ${_generated}/cachekit.fish
          DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d OPTIONAL)
endif()

if(BUILD_SHARED_LIBS)
  set(cachekit_static FALSE)
else()
  set(cachekit_static TRUE)
endif()
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/cachekitConfig.cmake.in
                              ${PROJECT_BINARY_DIR}/cachekitConfig.cmake
                              INSTALL_DESTINATION ${_package_dir}
                              NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
# Before 1.0 a minor version may break those who use it.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/cachekitConfigVersion.cmake
                                 VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/cachekitConfig.cmake
              ${PROJECT_BINARY_DIR}/cachekitConfigVersion.cmake
        DESTINATION ${_package_dir})

# A static library brings no list of what it needs, so pkg-config must name it; a shared one does.
set(_requires "")
if(cachekit_static)
  set(_requires "fmt, hiredis, libmemcached, tomlplusplus, zlib")
endif()
# What those who link shared libraries compile with (cachekit/export.hpp).
set(_pc_definitions "")
if(BUILD_SHARED_LIBS)
  set(_pc_definitions " -DCACHEKIT_SHARED")
endif()
# Relative to the file itself, so that a prefix given to `cmake --install` is right too.
file(RELATIVE_PATH _pc_to_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" _pc_to_prefix "${_pc_to_prefix}")
configure_file(${CMAKE_CURRENT_LIST_DIR}/cachekit.pc.in ${PROJECT_BINARY_DIR}/cachekit.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/cachekit.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
