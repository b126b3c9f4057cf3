#!/bin/sh
# What the assembler made of the kernels: none spills or takes shared memory that its launch does not ask for.
#   assembled.sh <folder with the kept files>
set -eu
resources=$(find "$1" -name resources)
failed=0

complain() {
  echo "$1"
  failed=1
}

kernels=$(cat $resources | grep -c 'Compiling entry function') || complain "no kernel was assembled"
spills=$(cat $resources | awk '/entry function/ { name = $0 } /spill/ && !/ 0 bytes spill stores, 0 bytes spill/ { print name, $0 }')
[ -z "$spills" ] || complain "$spills"
static=$(cat $resources | awk '/entry function/ { name = $0 } / bytes smem/ { print name, $0 }')
[ -z "$static" ] || complain "$static"

[ "$failed" -eq 0 ] && echo "$kernels kernels, counted for each target: no spill"
exit "$failed"
