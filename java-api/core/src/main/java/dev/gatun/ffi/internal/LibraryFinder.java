package dev.gatun.ffi.internal;

import dev.gatun.NoDevice;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Where a backend's library comes from: the folder named by the property `gatun.library.path`,
/// else by the environment variable `GATUN_LIBRARY_PATH`, else the jars on the class or module
/// path, unpacked into a folder of the user's cache (`GATUN_CACHE`, else `XDG_CACHE_HOME`, else
/// `~/.cache`) whose name is the content's hash.
public final class LibraryFinder {
  private static final String PLATFORM = "linux-x86_64";
  private static final List<String> BESIDE =
      List.of(
          "org/bytedeco/dnnl/" + PLATFORM + "/libdnnl.so.3",
          "org/bytedeco/dnnl/" + PLATFORM + "/libgomp.so.1");

  private LibraryFinder() {}

  /// The library file of `backend` ("cpu", "cuda", "emu").
  public static Path find(String backend) {
    var name = "libgatun_" + backend + ".so";
    var folder = configuredFolder();
    if (folder == null) return unpacked(backend, name);
    var file = Path.of(folder).resolve(name);
    if (Files.isRegularFile(file)) return file;
    throw new NoDevice(
        "no %s device can be used: there is no %s in %s".formatted(backend, name, folder));
  }

  private static String configuredFolder() {
    var property = System.getProperty("gatun.library.path");
    return property != null ? property : System.getenv("GATUN_LIBRARY_PATH");
  }

  private static Path unpacked(String backend, String name) {
    var resource = "dev/gatun/natives/" + PLATFORM + "/" + name;
    if (resource(resource) == null) {
      throw new NoDevice(
          "the %s backend is not here: neither gatun.library.path nor GATUN_LIBRARY_PATH is set, and no jar holds %s"
              .formatted(backend, resource));
    }
    var wanted = new LinkedHashMap<String, String>();
    wanted.put(resource, digest(resource));
    if (backend.equals("cpu")) for (var beside : BESIDE) wanted.put(beside, digest(beside));
    try {
      return unpack(wanted).resolve(name);
    } catch (IOException full) {
      throw new NoDevice("cannot unpack %s into %s: %s".formatted(name, cache(), full));
    }
  }

  private static Path unpack(Map<String, String> wanted) throws IOException {
    var folder = cache().resolve(wanted.values().iterator().next());
    var ownerOnly =
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    Files.createDirectories(folder.getParent());
    if (!Files.isDirectory(folder)) Files.createDirectory(folder, ownerOnly);
    for (var entry : wanted.entrySet()) {
      var file = folder.resolve(Path.of(entry.getKey()).getFileName());
      if (Files.isRegularFile(file) && digest(file.toUri().toURL()).equals(entry.getValue()))
        continue;
      var fresh = Files.createTempFile(folder, "unpack", ".so");
      try (var in = resource(entry.getKey()).openStream()) {
        Files.copy(in, fresh, StandardCopyOption.REPLACE_EXISTING);
      }
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
    }
    return folder;
  }

  private static Path cache() {
    var own = System.getenv("GATUN_CACHE");
    if (own != null) return Path.of(own);
    var shared = System.getenv("XDG_CACHE_HOME");
    var home =
        shared != null ? Path.of(shared) : Path.of(System.getProperty("user.home"), ".cache");
    return home.resolve("gatun");
  }

  private static URL resource(String name) {
    var own = LibraryFinder.class.getClassLoader().getResource(name);
    return own != null ? own : ClassLoader.getSystemResource(name);
  }

  private static String digest(String resource) {
    var url = resource(resource);
    if (url == null) throw new NoDevice("no jar on the path holds " + resource);
    return digest(url);
  }

  private static String digest(URL url) {
    try (var in = new DigestInputStream(url.openStream(), MessageDigest.getInstance("SHA-256"))) {
      in.transferTo(java.io.OutputStream.nullOutputStream());
      return HexFormat.of().formatHex(in.getMessageDigest().digest());
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    } catch (NoSuchAlgorithmException impossible) {
      throw new AssertionError(impossible);
    }
  }
}
