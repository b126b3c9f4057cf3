#!/bin/sh
# Which instructions stand where: an older processor must not meet those it lacks.
#   instructions.sh <libgatun_cpu.so> <folder with the objects>
set -eu
library=$1
objects=$2
failed=0

complain() {
  echo "$1"
  failed=1
}

# Disassembles a file; answers 0 when an instruction of the kind stands in it.
has() {
  objdump -d --no-show-raw-insn "$1" | awk -F'\t' -v kind="$2" '
    NF < 2 { next }
    { split($2, word, " "); mnemonic = word[1] }
    kind == "zmm" && /%zmm/ { found = 1; exit }
    kind == "ymm" && /%ymm/ { found = 1; exit }
    kind == "modern" && (/%[yz]mm/ || mnemonic ~ modern) { found = 1; exit }
    END { exit !found }' modern="$modern"
}
# AVX and what came with it: vector instructions that begin with v, BMI and movbe.
modern='^(v[a-z].*|andn|bextr|blsi|blsr|blsmsk|bzhi|mulx|pdep|pext|rorx|sarx|shlx|shrx|lzcnt|movbe)$'

baseline=0
for object in $(find "$objects" -name '*.o' -path '*gatun_*'); do
  case $object in
    */gatun_bodies_v3.dir/* | */gatun_bodies_v4.dir/*) ;;
    *)
      baseline=$((baseline + 1))
      if has "$object" modern; then complain "AVX or BMI instructions in $object"; fi
      ;;
  esac
done
[ "$baseline" -gt 0 ] || complain "no objects in $objects"

# The check must be able to find what it looks for.
for kernel in layernorm adamw; do
  has "$(find "$objects" -path "*gatun_bodies_v3.dir*/$kernel.cpp.o")" ymm || complain "no ymm register in $kernel, v3"
  has "$(find "$objects" -path "*gatun_bodies_v4.dir*/$kernel.cpp.o")" zmm || complain "no zmm register in $kernel, v4"
done

# In the linked library too, where a merged function could have come from any level.
strays=$(objdump -d --no-show-raw-insn "$library" | awk -F'\t' -v modern="$modern" '
  /^[0-9a-f]+ <.*>:$/ { leveled = /gatun2v[34]/; name = $0; next }
  leveled || NF < 2 { next }
  { split($2, word, " ") }
  /%[yz]mm/ || word[1] ~ modern { print name; leveled = 1 }')
[ -z "$strays" ] || complain "AVX or BMI instructions outside the v3 and v4 kernels: $strays"

[ "$failed" -eq 0 ] && echo "$baseline objects for the oldest processor"
exit "$failed"
