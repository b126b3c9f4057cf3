#!/bin/sh
# Runs a compiler of CUDA, and keeps beside the object what tests look at: the PTX, and what the assembler says of each
# kernel's registers and spills.
#   compile.sh nvcc ... -o <object>
set -eu
previous=
for word; do
  [ "$previous" != -o ] || object=$word
  previous=$word
done
kept=$object.kept
rm -rf "$kept"
mkdir -p "$kept"
if ! "$@" --resource-usage --keep --keep-dir "$kept" >"$kept/resources" 2>&1; then
  grep -v '^ptxas info\|bytes stack frame' "$kept/resources" >&2 || cat "$kept/resources" >&2
  exit 1
fi
find "$kept" -type f ! -name '*.ptx' ! -name resources -delete
