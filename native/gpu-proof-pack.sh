#!/bin/sh
# Packs what gpu-proof.sh needs and a machine with a GPU may lack: a Java runtime, the built classes with those they
# need, and the CPU backend. Run by `./mvnw verify -Pgpu-proof`.
#
#   gpu-proof-pack.sh <class path of the tests> <folder of the built libraries>
set -eu
class_path=$1 libraries=$2
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
work=$here/target/gpu-proof
kit=$work/kit
JAVA_HOME=${JAVA_HOME:-}
. "$here/../java-api/build/find-java.sh"
home=$(find_java)
[ -n "$home" ] || { echo "$no_java" >&2; exit 1; }

rm -rf "$kit"
mkdir -p "$kit/lib" "$kit/native"
# Uncompressed, since the archive compresses better. The commands draw, hence java.desktop.
"$home/bin/jlink" --add-modules java.base,java.desktop,java.logging,java.management,java.xml,jdk.unsupported,jdk.zipfs \
  --strip-java-debug-attributes --no-header-files --no-man-pages --compress zip-0 --output "$kit/java"

folders=0
echo "$class_path" | tr ':' '\n' | while read -r entry; do
  case $entry in
    # Libraries, which the proof builds or takes from below; what only tests of the sources need.
    '' | */dnnl-*.jar | */gatun-native-*.jar | */archunit-*.jar | */slf4j-*.jar) ;;
    *.jar) cp "$entry" "$kit/lib" ;;
    *)
      folders=$((folders + 1))
      "$home/bin/jar" --create --file "$kit/lib/folder-$folders.jar" -C "$entry" .
      ;;
  esac
done
cp "$libraries/libgatun_cpu.so" "$libraries/libdnnl.so.3" "$libraries/libgomp.so.1" "$kit/native"

cd "$work"
cmake -E tar cJf kit.tar.xz kit
rm -rf kit
echo "$work/kit.tar.xz: $(($(wc -c <kit.tar.xz) >> 20)) MiB"
