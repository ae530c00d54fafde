# Run by the build: makes the page of reports from web/ and writes it as a C++ source, OUTPUT. MODE as
# HEBB_BUILD_REPORT; without a page the source holds an empty one.

# Writes the source with bytes given as hexadecimal digits.
function(write_source hex)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  file(WRITE ${OUTPUT} "// Made from web/ by cmake/build_report_page.cmake.\n#include \"report/page.hpp\"\n\n"
    "namespace {\nconstexpr unsigned char kPage[] = {${bytes}0};\n}  // namespace\n\n"
    "std::string_view hebb::report::page() {\n"
    "  return {reinterpret_cast<const char*>(kPage), sizeof kPage - 1};\n}\n")
endfunction()

# Ends the build, or with AUTO goes on without the page.
macro(without_page reason)
  if(NOT MODE STREQUAL "AUTO")
    message(FATAL_ERROR "The page of reports cannot be built: ${reason}")
  endif()
  message(WARNING "The tool is built without the page of reports: ${reason}\n"
                  "'hebb report' will say so. To try again, delete ${OUTPUT} and build.")
  write_source("")
  return()
endmacro()

if(NOT MODE)
  write_source("")
  return()
endif()

# Build trees share what npm installs; one of them installs it.
file(LOCK ${WEB} DIRECTORY GUARD PROCESS TIMEOUT 600)
if(${WEB}/package-lock.json IS_NEWER_THAN ${WEB}/node_modules/.package-lock.json)
  execute_process(
    COMMAND ${NPM} ci --ignore-scripts --no-audit --no-fund --fetch-retries=1 --fetch-timeout=30000
    WORKING_DIRECTORY ${WEB} RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said TIMEOUT 300)
  if(failed)
    file(REMOVE_RECURSE ${WEB}/node_modules)
    without_page("npm ci failed (${failed}):\n${said}")
  endif()
endif()

get_filename_component(folder ${OUTPUT} DIRECTORY)
execute_process(
  COMMAND ${NODE} node_modules/vite/bin/vite.js build --logLevel warn --emptyOutDir --outDir ${folder}/page
  WORKING_DIRECTORY ${WEB} RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said)
if(failed OR NOT EXISTS ${folder}/page/report.html)
  without_page("Vite failed (${failed}):\n${said}")
endif()
file(READ ${folder}/page/report.html page HEX)
write_source("${page}")
