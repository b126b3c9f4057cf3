#!/bin/sh
# Builds libgatun_cuda.so for all its targets, in a folder of its own, and checks its size and what it shows.
#   all_targets.sh <native> <build folder> <folder of oneDNN>
set -eu
native=$1 build=$2 dnnl=$3
most_bytes=40000000
cmake -S "$native" -B "$build" -DGATUN_DNNL_DIR="$dnnl" -DGATUN_CUDA_TARGETS=all -DGATUN_TESTS=OFF >"$build.log"
if ! grep 'CUDA targets' "$build.log"; then
  echo "CUDA for all targets is left out: there is no nvcc"
  exit 0
fi
library=$build/libgatun_cuda.so
rm -f "$library"
started=$(date +%s)
cmake --build "$build" --parallel "$(nproc)" --target gatun_cuda --clean-first
bytes=$(stat -c %s "$library")
echo "libgatun_cuda.so for all targets: $bytes bytes, built in $(($(date +%s) - started)) s"
[ "$bytes" -lt $most_bytes ] || { echo "more than $most_bytes bytes"; exit 1; }
"$native/test/exports.sh" "$library"
