# Whether a sanitizer watches this build, and whether it is the one for threads: some tests are not
# for them, or take too long under them.
set(CACHEKIT_SANITIZED OFF)
set(CACHEKIT_TSAN OFF)
if(CMAKE_CXX_FLAGS MATCHES "-fsanitize=")
  set(CACHEKIT_SANITIZED ON)
endif()
if(CMAKE_CXX_FLAGS MATCHES "-fsanitize=thread")
  set(CACHEKIT_TSAN ON)
endif()
