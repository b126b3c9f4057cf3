/// The backends that tests can run on without a GPU, by the names that they know them by.
enum Backend {
  cpu,
  emu;

  /// What CMake calls its library.
  String target() {
    return "gatun_" + name();
  }
}
