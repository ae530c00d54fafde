# Sourced by the other scripts: configuring and building a preset.

# What ccache must overlook to keep results that used a precompiled header.
export CCACHE_SLOPPINESS=${CCACHE_SLOPPINESS:-pch_defines,time_macros,include_file_mtime,include_file_ctime}

# configure PRESET [CMAKE ARGUMENTS]: with ccache where it is installed.
configure() {
  local preset=$1
  shift
  local launcher=()
  command -v ccache >/dev/null && launcher=(-D CMAKE_CXX_COMPILER_LAUNCHER=ccache)
  cmake --preset "$preset" "${launcher[@]}" "$@"
}

# build PRESET [TARGETS]: on all processors this process may use, less where memory is short, for a
# compiler may need 1.5 GB.
build() {
  local preset=$1
  shift
  local jobs memory
  jobs=$(nproc)
  memory=$(awk '/MemAvailable/ { print int($2 / 1572864) }' /proc/meminfo)
  ((memory < jobs)) && jobs=$((memory > 0 ? memory : 1))
  cmake --build "build/$preset" --parallel "$jobs" ${1:+--target "$@"}
}
