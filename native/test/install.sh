#!/bin/sh
# Installs the library, moves the installation elsewhere, and builds and runs layer.c against it.
#   install.sh find_package|pkg_config cpu|cuda <cmake> <generator> <build tool> <C compiler> <build folder> <work folder>
set -eu
way=$1 backend=$2 cmake=$3 generator=$4 tool=$5 compiler=$6 build=$7 work=$8/$1-$2
here=$(cd "$(dirname "$0")" && pwd)
unset LD_LIBRARY_PATH
if [ "$way" = pkg_config ] && ! command -v pkg-config >/dev/null; then
  echo "skipped: there is no pkg-config"
  exit 77
fi

# Linked with a backend whose device is not here, the program says so and is done.
run() {
  "$1" || { [ $? -eq 77 ] && [ "$backend" != cpu ]; }
}

rm -rf "$work"
"$cmake" --install "$build" --prefix "$work/first" >/dev/null
mv "$work/first" "$work/moved"

if [ "$way" = find_package ]; then
  "$cmake" -S "$here/consumer" -B "$work/consumer" -G "$generator" -DCMAKE_MAKE_PROGRAM="$tool" \
    -DCMAKE_C_COMPILER="$compiler" -DCMAKE_PREFIX_PATH="$work/moved" -DBACKEND="$backend"
  "$cmake" --build "$work/consumer"
  run "$work/consumer/layer"
else
  PKG_CONFIG_PATH=$(dirname "$(find "$work/moved" -name gatun.pc)")
  export PKG_CONFIG_PATH
  if [ "$backend" = cpu ]; then package=gatun; else package=gatun-$backend; fi
  # The flags are words.
  # shellcheck disable=SC2046
  "$compiler" -std=c11 -o "$work/layer" "$here/layer.c" $(pkg-config --cflags --libs "$package") -lm
  run "$work/layer"
fi
