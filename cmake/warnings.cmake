# Warnings belong to cachekit's own targets and are never exported to those who link it.
function(cachekit_warnings target)
  if(CACHEKIT_DEVELOPER)
    target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                           -Wsign-conversion -Wold-style-cast -Wnon-virtual-dtor -Werror)
  endif()
endfunction()
