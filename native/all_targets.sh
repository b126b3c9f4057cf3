#!/bin/sh
# Builds libgatun_cuda.so for all its targets, in a folder of its own, and checks its size, what it shows and what the
# assembler says of its kernels.
#   all_targets.sh <build folder> <folder of oneDNN>
set -eu
build=$1 dnnl=$2
here=$(cd "$(dirname "$0")" && pwd)
most_bytes=40000000
mkdir -p "$build"
cmake -S "$here" -B "$build" -DGATUN_DNNL_DIR="$dnnl" -DGATUN_CUDA_TARGETS=all -DGATUN_TESTS=OFF >"$build/configured"
if ! grep 'CUDA targets' "$build/configured"; then
  grep 'left out' "$build/configured"
  exit 0
fi
started=$(date +%s)
cmake --build "$build" --parallel "$(nproc)" --target gatun_cuda
library=$build/libgatun_cuda.so
bytes=$(stat -c %s "$library")
echo "libgatun_cuda.so for all targets: $bytes bytes, built in $(($(date +%s) - started)) s"
if [ "$bytes" -gt $most_bytes ]; then
  echo "that is more than $most_bytes bytes"
  exit 1
fi
"$here/test/exports.sh" "$library"
"$here/test/assembled.sh" "$build/runtime/hardware"
