# Installation: headers, libraries, the tool, the CMake package and the pkg-config files.
include(CMakePackageConfigHelpers)

set(HEBB_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/hebb)
set(HEBB_PKGCONFIG_DIR ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(DIRECTORY include/hebb DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.hpp" PATTERN "*.def")
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

# Two export sets, so that a program that needs the engine alone needs Highway alone.
install(TARGETS hebb EXPORT hebb_engine)
install(EXPORT hebb_engine NAMESPACE hebb:: FILE hebb-engine.cmake DESTINATION ${HEBB_CMAKE_DIR})
if(TARGET hebb_train)
  install(TARGETS hebb_train EXPORT hebb_train)
  install(EXPORT hebb_train NAMESPACE hebb:: FILE hebb-train.cmake DESTINATION ${HEBB_CMAKE_DIR})
endif()
if(TARGET hebb_cli)
  install(TARGETS hebb_cli)
endif()

# Shared libraries and the tool find each other wherever the tree lies.
if(BUILD_SHARED_LIBS)
  file(RELATIVE_PATH HEBB_BIN_TO_LIB ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
  foreach(target hebb hebb_train hebb_cli)
    if(TARGET ${target})
      set_target_properties(${target} PROPERTIES INSTALL_RPATH "$ORIGIN;$ORIGIN/${HEBB_BIN_TO_LIB}")
    endif()
  endforeach()
endif()

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/hebb-config.cmake.in
  ${PROJECT_BINARY_DIR}/hebb-config.cmake INSTALL_DESTINATION ${HEBB_CMAKE_DIR})
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/hebb-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/hebb-config.cmake ${PROJECT_BINARY_DIR}/hebb-config-version.cmake
        DESTINATION ${HEBB_CMAKE_DIR})

# The .pc files find the tree from where they lie, so that an installed tree can be moved.
file(RELATIVE_PATH HEBB_PC_PREFIX
  ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
# Whoever links static archives links what they stand on too.
if(NOT BUILD_SHARED_LIBS)
  set(HEBB_PC_ENGINE_REQUIRES libhwy)
  set(HEBB_PC_ENGINE_LIBS -pthread)
  set(HEBB_PC_TRAIN_REQUIRES "fmt zlib libpng libjpeg libcurl libcrypto tomlplusplus")
endif()
configure_file(${PROJECT_SOURCE_DIR}/cmake/hebb.pc.in ${PROJECT_BINARY_DIR}/hebb.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/hebb.pc DESTINATION ${HEBB_PKGCONFIG_DIR})
if(TARGET hebb_train)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/hebb-train.pc.in ${PROJECT_BINARY_DIR}/hebb-train.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/hebb-train.pc DESTINATION ${HEBB_PKGCONFIG_DIR})
endif()
