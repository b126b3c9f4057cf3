#!/bin/sh
# The proof on a GPU, without a network: builds for the GPU at hand alone, runs the laws on it beside the CPU, and times
# its kernels, beside PyTorch's where PyTorch is.
#
#   native/gpu-proof.sh [build|laws|bench|steps|all]
#
# Needs nvcc, CMake, a C++ compiler, and native/target/gpu-proof/kit.tar.xz, which `./mvnw verify -Pgpu-proof` makes
# where there are a JDK and Maven. Each part ends within eight minutes. A step that fails does not end the proof: the
# summary names it, and the answer is 1. Table, chart and numbers go to bench/results, what the steps print to
# native/target/gpu-proof/logs; both to $OUT where it is set. GATUN_PROOF_BACKEND=emu tries it all on the emulator.
set -u
backend=${GATUN_PROOF_BACKEND:-cuda}
native=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
root=$(dirname "$native")
self=$native/$(basename -- "$0")
work=$native/target/gpu-proof
kit=$work/kit
build=$work/build-$backend
logs=$work/logs
PATH=$PATH:/usr/local/cuda/bin
part_seconds=470

# ---- Steps ----------------------------------------------------------------------------------------------------------

# note NAME HOW SECONDS WHY: a line of the part's summary.
note() {
  printf '%-8s %-20s %4s s  %s\n' "$2" "$1" "$3" "$4" | tee -a "$work/summary-$part"
}

skip() {
  note "$1" skipped 0 "$2"
}

# step NAME SECONDS COMMAND...: runs a command, at most so long, keeps what it prints and notes how it ended. A function
# of this script is a command too, "$self" call FUNCTION, so that a time limit can end it.
cannot_be_tried=3
step() {
  name=$1 limit=$2 begun=$(date +%s)
  shift 2
  left=$((part_ends - begun))
  [ "$limit" -lt "$left" ] || limit=$left
  [ "$limit" -gt 0 ] || { note "$name" FAILED 0 "no time was left" && return 1; }
  timeout -k 10 "$limit" "$@" >"$logs/$name" 2>&1
  code=$?
  seconds=$(($(date +%s) - begun))
  last=$(grep -v '^[[:space:]]*at \|^$' "$logs/$name" | tail -n 1 | cut -c 1-150)
  case $code in
    0) note "$name" passed $seconds "" ;;
    "$cannot_be_tried") note "$name" skipped $seconds "$last" ;;
    124 | 137) note "$name" FAILED $seconds "not done after $limit s" ;;
    *) note "$name" FAILED $seconds "answered $code: $last" ;;
  esac
  return $code
}

on_emulator() {
  [ "$backend" = emu ]
}

# ---- Build ----------------------------------------------------------------------------------------------------------

unpack() {
  if [ -f "$kit.tar.xz" ] && ! [ "$work/unpacked" -nt "$kit.tar.xz" ]; then
    rm -rf "$kit"
    (cd "$work" && cmake -E tar xf "$kit.tar.xz") && touch "$work/unpacked"
  fi
  [ -x "$kit/java/bin/java" ] || { echo "there is no $kit.tar.xz: ./mvnw verify -Pgpu-proof makes it" >&2 && return 1; }
}

# The environment may name them where there is no GPU.
targets() {
  echo "${GATUN_CUDA_TARGETS:-$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader | tr -d '. ' | sort -u |
    paste -s -d ';')}"
}

configure() {
  if command -v ninja >/dev/null; then set -- -G Ninja "$@"; fi
  cmake -S "$native" -B "$build" -DGATUN_DNNL_DIR="$kit/native" "$@"
}

build_programs() {
  if on_emulator; then programs="layer_emu replay"; else programs="layer_cuda replay_cuda fragments_cuda"; fi
  # shellcheck disable=SC2086
  cmake --build "$build" --parallel "$(nproc)" --target "gatun_$backend" "kernels_$backend" "gpt2_$backend" \
    "hvp_$backend" fragments $programs &&
    cp "$kit"/native/* "$build"
}

part_build() {
  set --
  if ! on_emulator; then
    at_hand=$(targets)
    [ -n "$at_hand" ] || { note targets FAILED 0 "nvidia-smi names no GPU" && return; }
    set -- "-DGATUN_CUDA_TARGETS=$at_hand"
  fi
  step configure 60 "$self" call configure "$@" || return
  step build 400 "$self" call build_programs && return
  # Another compiler may warn of what this project's does not; that is no reason to prove nothing.
  step configure-lenient 60 "$self" call configure "$@" --compile-no-warning-as-error &&
    step build-lenient 400 "$self" call build_programs
}

# ---- Laws -----------------------------------------------------------------------------------------------------------

on_java() {
  "$kit/java/bin/java" -Xmx2g -XX:+UseSerialGC --enable-native-access=ALL-UNNAMED --illegal-native-access=deny \
    -Djava.awt.headless=true -Dgatun.library.path="$build" -Dgatun.root="$root" -Dgatun.backend="$backend" \
    -cp "$kit/lib/*" "$@"
}

# junit SAMPLES SELECTORS...: what is tagged for backends and GPUs, with the samples that the expression finds.
junit() {
  samples=$1
  shift
  on_java -Dgatun.only="$samples" org.junit.platform.console.ConsoleLauncher execute --disable-banner \
    --disable-ansi-colors --details=tree --details-theme=ascii --fail-if-no-tests --include-tag='backend|gpu' \
    --exclude-tag=long "$@"
}

# Both print which element of a matrix each lane of a warp holds.
compare_fragments() {
  if on_emulator; then there=fragments; else there=fragments_cuda; fi
  "$build/test/fragments" >"$work/fragments-emulated" && "$build/test/$there" >"$work/fragments-there" &&
    cmp "$work/fragments-emulated" "$work/fragments-there" && grep -c . "$work/fragments-there"
}

replay() {
  if on_emulator; then program=replay; else program=replay_cuda; fi
  "$@" "$build/test/$program" "$native/include/gatun.h" "$work/cases"
}

sanitize() {
  replay compute-sanitizer --tool "$1" --error-exitcode 9 && return
  grep -q "Device not supported" "$logs/$1" || return
  echo "compute-sanitizer refuses this device" && return $cannot_be_tried
}

part_laws() {
  every='' products='(?i)matmul|linear|head_?loss'
  # On the emulator a few samples try the way; ./mvnw verify runs them all.
  if on_emulator; then every='^(LayerNorm|layernorm|linear)'; fi
  packages="--select-package=dev.gatun.laws --select-package=dev.gatun.golden"
  packages="$packages --select-package=dev.gatun.memory --select-package=dev.gatun.interop"
  own="env GATUN_CUBLASLT=none"
  step layer 60 "$build/test/layer_$backend"
  step fragments 60 "$self" call compare_fragments
  step laws 300 $own "$self" call junit "$every" $packages
  if [ -n "${GATUN_CUBLASLT:-}" ]; then
    step laws-over-cublaslt 150 "$self" call junit "$products" $packages
  else
    skip laws-over-cublaslt "there is no cuBLASLt"
  fi
  step commands 150 "$self" call junit '' --select-class=dev.gatun.tool.GpuCommandsTest
  # What one process computed, another computes to the bit.
  step save-cases 100 $own "$self" call on_java dev.gatun.laws.manners.Cases "$work/cases"
  step same-bits 60 $own "$self" call replay
  for tool in memcheck racecheck; do
    if on_emulator || ! command -v compute-sanitizer >/dev/null; then
      skip $tool "there is no compute-sanitizer for the $backend backend"
    else
      step $tool 150 $own "$self" call sanitize $tool
    fi
  done
}

# ---- Bench ----------------------------------------------------------------------------------------------------------

has_pytorch() {
  python3 -c "import torch; assert $1 or torch.cuda.is_available()" 2>/dev/null
}

# timed NAME SECONDS ROWS COMMAND...: a step whose lines of JSON are rows of the table.
timed() {
  timed_rows=$3 timed_name=$1 timed_limit=$2
  shift 3
  step "$timed_name" "$timed_limit" "$@"
  grep '^{' "$logs/$timed_name" >>"$timed_rows"
}

part_bench() {
  rows=$work/rows-bench
  : >"$rows"
  if on_emulator; then set -- --tiny; else set --; fi
  timed kernels 200 "$rows" "$build/bench/kernels_$backend" "$@"
  if [ -n "${GATUN_CUBLASLT:-}" ]; then
    timed own-products 100 "$rows" env GATUN_CUBLASLT=none "$build/bench/kernels_$backend" "$@" products
  fi
  if has_pytorch $#; then
    timed pytorch 240 "$rows" python3 "$root/bench/peers/gpu_kernels.py" "$@"
  else
    skip pytorch "there is no PyTorch with a GPU"
  fi
  write_results
}

# ---- Training steps and Hessian-vector products ---------------------------------------------------------------------

part_steps() {
  rows=$work/rows-steps
  : >"$rows"
  if on_emulator; then set -- --tiny; else set --; fi
  timed gpt2 120 "$rows" "$build/bench/gpt2_$backend" "$@"
  timed hvp 60 "$rows" "$build/bench/hvp_$backend" "$@"
  if has_pytorch $#; then
    timed pytorch-hvp 90 "$rows" python3 "$root/bench/peers/gpu_hvp.py" "$@"
    timed pytorch-gpt2 300 "$rows" python3 "$root/bench/peers/gpu_gpt2.py" "$@"
  else
    skip pytorch-hvp "there is no PyTorch with a GPU"
    skip pytorch-gpt2 "there is no PyTorch with a GPU"
  fi
  write_results
}

# ---- Results --------------------------------------------------------------------------------------------------------

# What has been timed so far, as JSON, and as a section with its chart and how the steps ended; all devices' sections
# make the folder's README.
write_results() {
  cat "$work"/rows-bench "$work"/rows-steps >"$work/rows" 2>/dev/null
  device=$(sed -n 's/.*"about":"device","value":"\([^"]*\)".*/\1/p' "$work/rows" | head -n 1)
  name=gpu-$(echo "${device:-unknown}" | tr 'A-Z ' 'a-z-' | tr -cd 'a-z0-9-')
  { echo '[' && sed '$!s/$/,/' "$work/rows" && echo ']'; } >"$results/$name.json"
  render() { awk -f "$root/bench/native/rows.awk" -f "$root/bench/native/$1.awk" "$work/rows"; }
  render chart >"$results/$name.svg"
  {
    echo "## ${device:-unknown}"
    echo
    echo "$(date -u +%Y-%m-%d)$(! on_emulator || echo ", emulated at small sizes: no times"), by native/gpu-proof.sh"
    echo
    echo "![share of the ceilings]($name.svg)"
    echo
    render table
    echo
    sed 's/^/    /' "$work"/summary-*
  } >"$results/$name.md"
  { cat "$root/bench/results/HEAD.md" && for section in "$root"/bench/results/cpu.md "$results"/gpu-*.md; do echo && cat "$section"; done; } \
    >"$results/README.md"
  echo "the table is in $results/$name.md"
}

# cuBLASLt's file: where the loader finds it, beside the toolkit, or as PyTorch brings it.
find_cublaslt() {
  site=$(python3 -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])' 2>/dev/null)
  for major in 13 12; do
    for file in $(ldconfig -p 2>/dev/null | sed -n "s/.*=> \(.*libcublasLt\.so\.$major\)$/\1/p") \
      /usr/local/cuda*/lib64/libcublasLt.so.$major "$site"/nvidia/*/lib/libcublasLt.so.$major; do
      if [ -f "$file" ]; then echo "$file" && return; fi
    done
  done
}

# ---- The proof ------------------------------------------------------------------------------------------------------

case ${1:-all} in
  call)
    shift
    "$@"
    exit
    ;;
  build | laws | bench | steps) parts=$1 ;;
  all) parts="build laws bench steps" ;;
  *)
    echo "$0 [build|laws|bench|steps|all]" >&2
    exit 2
    ;;
esac

if on_emulator; then results=${OUT:-$work/results}; else results=${OUT:-$root/bench/results}; fi
mkdir -p "$logs" "$results"
unpack || exit 1
on_emulator || export GATUN_CUBLASLT="${GATUN_CUBLASLT:-$(find_cublaslt)}"
for part in $parts; do
  : >"$work/summary-$part"
  part_ends=$(($(date +%s) + part_seconds))
  "part_$part"
done

echo "on $backend:"
failed=0
for part in $parts; do
  cat "$work/summary-$part"
  ! grep -q '^FAILED' "$work/summary-$part" || failed=1
done
if [ -n "${OUT:-}" ]; then
  cat "$work"/summary-* >"$OUT/summary.txt"
  for log in "$logs"/*; do printf '\n==== %s ====\n' "$(basename "$log")" && cat "$log"; done >"$work/logs.txt"
  tail -c 8000000 "$work/logs.txt" >"$OUT/logs.txt"
fi
exit $failed
