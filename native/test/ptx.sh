#!/bin/sh
# What the compiler made of the kernels: products on tensor cores hold the instructions they are written for, and no
# kernel adds floats atomically.
#   ptx.sh <folder with the kept files> <sources>
set -eu
kept=$1
sources=$2
failed=0

complain() {
  echo "$1"
  failed=1
}

files=$(find "$kept" -name '*.ptx' -path '*.kept/*' | wc -l)
[ "$files" -eq "$sources" ] || complain "$files files of PTX, for $sources sources"

atomics='^[^/]*\<\(atom\|red\)\.[a-z0-9_.:]*\.\(f16\|bf16\|f32\|f64\)'
echo '  @%p1 red.relaxed.gpu.global.add.f32 [%rd1], %f1;' | grep -q "$atomics" || complain "the pattern finds no atomics"
find "$kept" -name '*.ptx' -exec grep -H "$atomics" {} + && complain "floats are added atomically"

# Of a tile of ROWS x COLS on DOWN x ACROSS warps each warp multiplies fragments of 16 x 8, in two steps of 16 that the
# compiler unrolls; factors that do not lie along `inner` come out of shared memory transposed.
awk '
  function check(name, count, expected, what) {
    if (count < expected) { print name ": " count " " what ", not " expected; failed = 1 }
  }
  function finish() {
    if (name !~ /16product_of_tiles/) return
    check(name, copies, 1, "cp.async")
    if (name !~ /TensorTile/) return
    tiles++
    split(substr(name, index(name, "TensorTileILi")), n, /[^0-9]+/)
    down = n[2] / n[4] / 16; across = n[3] / n[5] / 8
    check(name, products, 2 * down * across, "mma.sync")
    plain = name ~ /EEELb1ELb0EEEv/ ? 0 : 1
    turned = name ~ /EEELb0ELb1EEEv/ ? 0 : 1
    check(name, matrices, 2 * plain, "ldmatrix")
    check(name, transposed, 2 * turned, "ldmatrix.trans")
  }
  /\.entry/ { finish(); name = $0; products = copies = matrices = transposed = 0 }
  /mma\.sync\.aligned\.m16n8k16.*bf16/ { products++ }
  /cp\.async\.cg/ { copies++ }
  /ldmatrix\.sync\.aligned\.m8n8\.x4\.shared/ { matrices++ }
  /ldmatrix\.sync\.aligned\.m8n8\.x4\.trans/ { transposed++ }
  END { finish(); if (tiles != 12) { print tiles " products of tensor tiles, not 12"; failed = 1 }; exit failed }
' "$(find "$kept" -name products.ptx)" || failed=1

[ "$failed" -eq 0 ] && echo "no atomic addition of floats"
exit "$failed"
