# The page of reports: web/ built by npm into one HTML file, which is compiled in. The library without it is whole
# but for reports; with HEBB_BUILD_REPORT=AUTO a build goes on without it, saying so, when npm is not there or
# cannot fetch what the page is made of.
set(HEBB_BUILD_REPORT AUTO CACHE STRING "Build the page of reports by npm: AUTO (where that works), ON or OFF")
set_property(CACHE HEBB_BUILD_REPORT PROPERTY STRINGS AUTO ON OFF)

set(HEBB_REPORT_PAGE ${PROJECT_BINARY_DIR}/generated/report_page.cpp)
find_program(HEBB_NPM npm)
find_program(HEBB_NODE NAMES node nodejs)
mark_as_advanced(HEBB_NPM HEBB_NODE)

set(HEBB_REPORT_MODE ${HEBB_BUILD_REPORT})
if(HEBB_BUILD_REPORT AND NOT (HEBB_NPM AND HEBB_NODE))
  if(HEBB_BUILD_REPORT STREQUAL "AUTO")
    message(WARNING "npm or Node.js is not installed (Debian: apt-get install nodejs npm): "
                    "the tool will be built without the page of reports, 'hebb report' will say so.")
    set(HEBB_REPORT_MODE OFF)
  else()
    message(FATAL_ERROR "HEBB_BUILD_REPORT=${HEBB_BUILD_REPORT} needs npm and Node.js 18 or later "
                        "(Debian: apt-get install nodejs npm); they are not installed")
  endif()
endif()

set(HEBB_WEB_SOURCES)
if(HEBB_REPORT_MODE)
  file(GLOB_RECURSE HEBB_WEB_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/web/src/*)
  foreach(file package.json package-lock.json vite.config.ts svelte.config.js tsconfig.json report.html)
    list(APPEND HEBB_WEB_SOURCES ${PROJECT_SOURCE_DIR}/web/${file})
  endforeach()
endif()
add_custom_command(OUTPUT ${HEBB_REPORT_PAGE}
  COMMAND ${CMAKE_COMMAND} -D MODE=${HEBB_REPORT_MODE} -D WEB=${PROJECT_SOURCE_DIR}/web
          -D NPM=${HEBB_NPM} -D NODE=${HEBB_NODE} -D OUTPUT=${HEBB_REPORT_PAGE}
          -P ${PROJECT_SOURCE_DIR}/cmake/build_report_page.cmake
  DEPENDS ${HEBB_WEB_SOURCES} ${PROJECT_SOURCE_DIR}/cmake/build_report_page.cmake
  COMMENT "Building the page of reports"
  VERBATIM)
# A target of its own, which waits for nothing else.
add_custom_target(report_page DEPENDS ${HEBB_REPORT_PAGE})
