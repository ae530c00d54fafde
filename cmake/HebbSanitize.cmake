# Sanitizers apply to every target alike: a program whose parts disagree reports nonsense.
if(HEBB_SANITIZE)
  add_compile_options(-fsanitize=${HEBB_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${HEBB_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC's flow analysis warns of its own instrumentation (documented at -Wmaybe-uninitialized).
    add_compile_options(-Wno-maybe-uninitialized)
  endif()
endif()
if(HEBB_BUILD_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "HEBB_BUILD_FUZZ needs clang for libFuzzer; the compiler is ${CMAKE_CXX_COMPILER_ID}. "
                        "Use the preset: cmake --preset fuzz")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
  # What is fuzzed is readers. Clang takes minutes to instrument the unrolled vector code of the kernels.
  file(GLOB kernels CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/kernels/*.cpp)
  set_source_files_properties(${kernels} PROPERTIES COMPILE_OPTIONS -fno-sanitize=all SKIP_PRECOMPILE_HEADERS ON)
endif()
