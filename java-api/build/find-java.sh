# For ./gatun and ./mvnw: prints the home of a JDK 25, from JAVA_HOME or the usual folders; nothing where there is none.
is_java_25() {
  [ -x "$1/bin/javac" ] && [ -f "$1/release" ] && grep -q '^JAVA_VERSION="25' "$1/release"
}

find_java() {
  for home in "$JAVA_HOME" /usr/lib/jvm/* /usr/java/* /opt/java/* /opt/jdk* "$HOME"/.jdks/* "$HOME"/.sdkman/candidates/java/* "$HOME"/.m2/jdks/*; do
    if [ -n "$home" ] && is_java_25 "$home"; then
      echo "$home"
      return
    fi
  done
}

no_java="no JDK 25 in JAVA_HOME or the usual folders: install one (for one, Temurin 25) or point JAVA_HOME to it"
