#!/bin/sh
# Installs the library, moves the installation elsewhere, and builds and runs layer.c against it.
#   install.sh find_package|pkg_config <cmake> <generator> <build tool> <C compiler> <build folder> <work folder>
set -eu
way=$1 cmake=$2 generator=$3 tool=$4 compiler=$5 build=$6 work=$7/$1
here=$(cd "$(dirname "$0")" && pwd)
unset LD_LIBRARY_PATH
if [ "$way" = pkg_config ] && ! command -v pkg-config >/dev/null; then
  echo "skipped: there is no pkg-config"
  exit 77
fi

rm -rf "$work"
"$cmake" --install "$build" --prefix "$work/first" >/dev/null
mv "$work/first" "$work/moved"

if [ "$way" = find_package ]; then
  "$cmake" -S "$here/consumer" -B "$work/consumer" -G "$generator" -DCMAKE_MAKE_PROGRAM="$tool" \
    -DCMAKE_C_COMPILER="$compiler" -DCMAKE_PREFIX_PATH="$work/moved"
  "$cmake" --build "$work/consumer"
  "$work/consumer/layer"
else
  PKG_CONFIG_PATH=$(dirname "$(find "$work/moved" -name gatun.pc)")
  export PKG_CONFIG_PATH
  # The flags are words.
  # shellcheck disable=SC2046
  "$compiler" -std=c11 -o "$work/layer" "$here/layer.c" $(pkg-config --cflags --libs gatun) -lm
  "$work/layer"
fi
