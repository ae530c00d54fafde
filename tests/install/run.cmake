# Installs the build tree into a folder of its own and builds and runs an outside program against it, once by
# find_package and once by pkg-config.
#   cmake -D BUILD=<build tree> -D WORK=<scratch folder> -D COMPILER=<c++> -D LIBDIR=<lib> -P run.cmake
cmake_minimum_required(VERSION 3.25)

function(run)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "EXPECT" "COMMAND")
  list(JOIN arg_COMMAND " " line)
  message(STATUS "${line}")
  execute_process(COMMAND ${arg_COMMAND} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${line}\nended with ${result}:\n${output}")
  endif()
  if(DEFINED arg_EXPECT AND NOT output MATCHES "${arg_EXPECT}")
    message(FATAL_ERROR "${line}\nshould print '${arg_EXPECT}' but printed:\n${output}")
  endif()
endfunction()

file(REMOVE_RECURSE ${WORK})
run(COMMAND ${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/first)
# The tree is moved after installation: nothing in it may remember where it was.
file(RENAME ${WORK}/first ${WORK}/prefix)

set(consumer ${CMAKE_CURRENT_LIST_DIR}/consumer)
run(COMMAND ${CMAKE_COMMAND} -G Ninja -S ${consumer} -B ${WORK}/consumer -D CMAKE_PREFIX_PATH=${WORK}/prefix
            -D CMAKE_CXX_COMPILER=${COMPILER})
run(COMMAND ${CMAKE_COMMAND} --build ${WORK}/consumer)
run(COMMAND ${WORK}/consumer/engine EXPECT "engine works")
run(COMMAND ${WORK}/consumer/train EXPECT "train works")

if(EXISTS ${BUILD}/hebb)
  run(COMMAND ${WORK}/prefix/bin/hebb --help EXPECT "train")
endif()

find_program(PKG_CONFIG NAMES pkg-config pkgconf REQUIRED)
set(ENV{PKG_CONFIG_PATH} ${WORK}/prefix/${LIBDIR}/pkgconfig)
# Needed only where the libraries are shared; find_package sets the program's search path by itself.
set(ENV{LD_LIBRARY_PATH} ${WORK}/prefix/${LIBDIR}:$ENV{LD_LIBRARY_PATH})
foreach(pair engine:hebb train:hebb-train)
  string(REPLACE ":" ";" pair ${pair})
  list(POP_FRONT pair program package)
  execute_process(COMMAND ${PKG_CONFIG} --cflags --libs ${package}
                  OUTPUT_VARIABLE flags COMMAND_ERROR_IS_FATAL ANY OUTPUT_STRIP_TRAILING_WHITESPACE)
  separate_arguments(flags UNIX_COMMAND "${flags}")
  run(COMMAND ${COMPILER} -std=c++20 ${consumer}/${program}.cpp -o ${WORK}/${program} ${flags})
  run(COMMAND ${WORK}/${program} EXPECT "${program} works")
endforeach()

file(REMOVE_RECURSE ${WORK})
