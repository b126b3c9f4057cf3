package dev.gatun.store;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.jr.ob.JSON;
import dev.gatun.InvalidArgument;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;

/// Strict JSON objects: UTF-8 only, no name twice, nothing after the closing brace.
final class Json {
  private static final JsonFactory STRICT =
      JsonFactory.builder().disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION).build();
  private static final JSON READER = JSON.std.with(JSON.Feature.FAIL_ON_DUPLICATE_MAP_KEYS);
  private static final JSON WRITER =
      JSON.std.with(JSON.Feature.WRITE_NULL_PROPERTIES, JSON.Feature.FLUSH_AFTER_WRITE_VALUE);
  private static final int LARGEST_DOCUMENT = 16 << 20;

  private Json() {}

  /// Parses one object; names keep the order of the document.
  ///
  /// @throws BadFile naming `file`, beginning with `what` ("header", "document")
  static Map<String, Object> parse(Path file, String what, byte[] utf8) {
    try (var text =
            new InputStreamReader(
                new ByteArrayInputStream(utf8), StandardCharsets.UTF_8.newDecoder());
        var parser = STRICT.createParser(text)) {
      if (parser.nextToken() == null || !parser.currentToken().isStructStart()) {
        throw new BadFile(file, what + " is not a JSON object");
      }
      if (!parser.isExpectedStartObjectToken()) {
        throw new BadFile(file, what + " is a JSON array, not an object");
      }
      var object = READER.mapFrom(parser);
      if (parser.nextToken() != null) {
        throw new BadFile(file, what + " goes on after its closing brace");
      }
      return object;
    } catch (JsonProcessingException e) {
      throw new BadFile(file, what + " is not valid JSON: " + oneLine(e), e);
    } catch (CharacterCodingException e) {
      throw new BadFile(file, what + " is not valid UTF-8", e);
    } catch (IOException e) {
      throw StoreFailure.reading(file, e);
    }
  }

  /// Reads a small JSON file whole.
  ///
  /// @throws BadFile if it is missing, over 16 MiB, or no JSON object
  static Map<String, Object> read(Path file) {
    try {
      if (Files.isDirectory(file)) {
        throw new BadFile(file, "is a folder, not a JSON file");
      }
      var bytes = Files.size(file);
      if (bytes == 0) {
        throw new BadFile(file, "is empty");
      }
      if (bytes > LARGEST_DOCUMENT) {
        throw new BadFile(file, "has " + bytes + " bytes, too many for a configuration");
      }
      return parse(file, "document", Files.readAllBytes(file));
    } catch (NoSuchFileException e) {
      throw new BadFile(file, "does not exist", e);
    } catch (IOException e) {
      throw StoreFailure.reading(file, e);
    }
  }

  /// One line, no spaces.
  static String compact(Map<String, ?> object) {
    try {
      return WRITER.asString(object);
    } catch (IOException e) {
      throw new InvalidArgument("not writable as JSON: " + oneLine(e));
    }
  }

  /// Writes a new file, indented, ending in a newline. A file that stands already is left alone.
  ///
  /// @throws StoreFailure if it exists or the disk refuses; a partial file is removed
  static void write(Path file, Map<String, ?> object) {
    var text = pretty(object) + "\n";
    NewFile.write(file, channel -> fill(channel, text.getBytes(StandardCharsets.UTF_8)));
  }

  private static void fill(FileChannel channel, byte[] bytes) throws IOException {
    for (var rest = ByteBuffer.wrap(bytes); rest.hasRemaining(); ) {
      channel.write(rest);
    }
  }

  private static String pretty(Map<String, ?> object) {
    try {
      return WRITER.with(JSON.Feature.PRETTY_PRINT_OUTPUT).asString(object);
    } catch (IOException e) {
      throw new InvalidArgument("not writable as JSON: " + oneLine(e));
    }
  }

  private static String oneLine(IOException e) {
    var text = e instanceof JsonProcessingException json ? json.getOriginalMessage() : e.toString();
    return text.lines().findFirst().orElse("unknown");
  }
}
