#!/bin/sh
# What a library shows, gatun_* alone, and what it needs: the C library's family and whatever is named.
#   exports.sh <library> [needed...]
set -eu
library=$1
shift
failed=0

complain() {
  echo "$1"
  failed=1
}

foreign=$(nm -D --defined-only "$library" | awk '$3 !~ /^gatun_/ { print $3 }')
[ -z "$foreign" ] || complain "exported, but not gatun_*: $foreign"
nm -D --defined-only "$library" | grep -q ' gatun_device_open$' || complain "gatun_device_open is not exported"

for needed in $(readelf -d "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
  case " libc.so.6 libm.so.6 libpthread.so.0 librt.so.1 libdl.so.2 ld-linux-x86-64.so.2 $* " in
    *" $needed "*) ;;
    *) complain "needs $needed" ;;
  esac
done

[ "$failed" -eq 0 ] && echo "all exports are gatun_*"
exit "$failed"
