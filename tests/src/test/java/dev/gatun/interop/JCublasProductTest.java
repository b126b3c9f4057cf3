package dev.gatun.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.GatunException;
import dev.gatun.InvalidArgument;
import dev.gatun.NoDevice;
import dev.gatun.memory.Device;
import java.io.File;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.lang.reflect.InvocationTargetException;
import java.net.MalformedURLException;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/// Where JCublas cannot be loaded one sentence says what is missing, at the second try too;
/// where it can, it is the device that is refused.
class JCublasProductTest {
  private static final String SENTENCE = "CUDA 12's libcublas.so.12";

  @Test
  void whatIsMissingIsSaidEachTime() {
    try (var device = Device.cpu(1)) {
      for (int i = 0; i < 2; i++) {
        GatunException why =
            isThere("libcublas.so.12")
                ? assertThrows(InvalidArgument.class, () -> JCublasProduct.open(device))
                : assertThrows(NoDevice.class, () -> JCublasProduct.open(device));
        var says = isThere("libcublas.so.12") ? "multiplies on a GPU alone" : SENTENCE;
        assertTrue(why.getMessage().contains(says), why::getMessage);
        assertEquals(1, why.getMessage().lines().count());
      }
    }
  }

  /// JCuda is optional: this module's classes are linked where there is none.
  @Test
  void withoutJcublasItIsTheSameSentence() throws Exception {
    try (var loader = new URLClassLoader(classPathWithoutJcuda(), platform())) {
      var device = loader.loadClass(Device.class.getName());
      var opened = device.getMethod("cpu").invoke(null);
      var open = loader.loadClass(JCublasProduct.class.getName()).getMethod("open", device);
      var thrown = assertThrows(InvocationTargetException.class, () -> open.invoke(null, opened));
      assertEquals(NoDevice.class.getName(), thrown.getCause().getClass().getName());
      assertTrue(thrown.getCause().getMessage().contains(SENTENCE), thrown::toString);
      device.getMethod("close").invoke(opened);
    }
  }

  private static ClassLoader platform() {
    return ClassLoader.getPlatformClassLoader();
  }

  private static URL[] classPathWithoutJcuda() {
    return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
        .filter(entry -> !entry.matches(".*/(jcuda|jcublas)-[^/]*"))
        .map(entry -> url(Path.of(entry).toUri()))
        .toArray(URL[]::new);
  }

  private static URL url(URI entry) {
    try {
      return entry.toURL();
    } catch (MalformedURLException impossible) {
      throw new AssertionError(impossible);
    }
  }

  static boolean isThere(String library) {
    try (var arena = Arena.ofConfined()) {
      SymbolLookup.libraryLookup(library, arena);
      return true;
    } catch (IllegalArgumentException absent) {
      return false;
    }
  }
}
