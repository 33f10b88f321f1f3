# Warnings belong to cachekit's own targets and are never exported to those who link it.
function(cachekit_warnings target)
  # Joined with others, a file is included, and sees their names: neither is worth a warning.
  set(joined $<AND:$<BOOL:${CMAKE_UNITY_BUILD}>,$<CXX_COMPILER_ID:GNU>>)
  target_compile_options(${target} PRIVATE $<${joined}:-Wno-subobject-linkage>)
  if(CACHEKIT_DEVELOPER)
    target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion
                           $<IF:${joined},-Wshadow=local,-Wshadow>
                           $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>
                           -Wsign-conversion -Wold-style-cast -Wnon-virtual-dtor -Werror)
  endif()
endfunction()

# What the library and the command keep on a stack or in every thread stays small: programs start
# threads with little of both. (A sanitizer lets frames grow.)
function(cachekit_small_frames target)
  if(CACHEKIT_DEVELOPER AND NOT CACHEKIT_SANITIZED)
    target_compile_options(${target} PRIVATE -Wframe-larger-than=4096)
  endif()
endfunction()
