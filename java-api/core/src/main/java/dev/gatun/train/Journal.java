package dev.gatun.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.jr.ob.JSON;
import dev.gatun.store.StoreFailure;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;

/// What a run wrote down: a file of JSON objects, one a line, `"step"` first.
///
/// Each line is handed to the operating system in one write as soon as it is appended, so a killed
/// run loses at most the line it was writing. A last line without its newline is such a torn one:
/// reading ignores it and [#resume] removes it.
public final class Journal implements AutoCloseable {
  private static final JSON LINE = JSON.std.with(JSON.Feature.WRITE_NULL_PROPERTIES);

  private final Path file;
  private final FileChannel channel;

  private Journal(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /// Begins a new journal; throws [BadData] where the file exists, and leaves it as it is.
  public static Journal create(Path file) {
    try {
      return open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    } catch (FileAlreadyExistsException e) {
      throw new BadData("%s exists already, and nothing is written over".formatted(file), e);
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  /// Goes on with a journal as it was before `step`: removes the first line of that step or a later
  /// one, and all after it. Begins a new one where there is none.
  ///
  /// Throws [BadData] when a line to keep is no journal line or another process is writing, and
  /// then changes nothing.
  public static Journal resume(Path file, long step) {
    if (!Files.exists(file)) return create(file);
    // Read first: Linux drops a process's lock as soon as it closes any descriptor of the file.
    long kept = bytesBefore(file, step);
    try {
      var journal = open(file, StandardOpenOption.WRITE);
      journal.channel.truncate(kept).position(kept);
      return journal;
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  /// Opens the file for this process alone, for as long as the journal is open.
  private static Journal open(Path file, StandardOpenOption... options) throws IOException {
    var channel = FileChannel.open(file, options);
    if (!lock(channel)) {
      channel.close();
      throw new BadData("%s is being written by another run".formatted(file));
    }
    return new Journal(file, channel);
  }

  private static boolean lock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock() != null;
    } catch (OverlappingFileLockException thisProcessHasIt) {
      return false;
    }
  }

  private static long bytesBefore(Path file, long step) {
    long bytes = 0;
    for (var line : lines(file)) {
      if (line.entry.step() >= step) break;
      bytes = line.end;
    }
    return bytes;
  }

  /// All whole lines, in order; none where the file is empty.
  ///
  /// Throws [BadData] when the file is missing or a line is no journal line.
  public static List<JournalEntry> read(Path file) {
    return lines(file).stream().map(Line::entry).toList();
  }

  /// Writes one line. Throws [StoreFailure] when the disk refuses, for one because it is full.
  public void append(JournalEntry entry) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put(JournalEntry.STEP, entry.step());
    fields.putAll(entry.fields());
    try {
      var bytes = ByteBuffer.wrap((LINE.asString(fields) + "\n").getBytes(StandardCharsets.UTF_8));
      while (bytes.hasRemaining()) channel.write(bytes);
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  private static StoreFailure failed(Path file, IOException e) {
    return new StoreFailure("%s could not be written: %s".formatted(file, BadData.reason(e)), e);
  }

  /// A line and the byte after its newline.
  private record Line(JournalEntry entry, long end) {}

  private static List<Line> lines(Path file) {
    if (!Files.isRegularFile(file)) throw new BadData("there is no journal %s".formatted(file));
    try {
      return lines(file, Files.readAllBytes(file));
    } catch (IOException e) {
      throw BadData.unreadable(file, e);
    }
  }

  private static List<Line> lines(Path file, byte[] bytes) {
    var lines = new ArrayList<Line>();
    int start = 0;
    for (int at = 0; at < bytes.length; at++) {
      if (bytes[at] != '\n') continue;
      var text = new String(bytes, start, at - start, StandardCharsets.UTF_8);
      lines.add(new Line(parse(file, lines.size() + 1, text), at + 1));
      start = at + 1;
    }
    return lines;
  }

  private static JournalEntry parse(Path file, int line, String text) {
    try (var parser = LINE.createParser(text)) {
      var fields = new LinkedHashMap<>(LINE.mapFrom(parser));
      if (parser.nextToken() != null) {
        throw new BadData("%s: line %d is no JSON object".formatted(file, line));
      }
      if (fields.remove(JournalEntry.STEP) instanceof Number step) {
        return new JournalEntry(step.longValue(), fields);
      }
      throw new BadData("%s: line %d has no step".formatted(file, line));
    } catch (JsonProcessingException e) {
      throw new BadData("%s: line %d is no JSON object".formatted(file, line), e);
    } catch (IOException e) {
      throw BadData.unreadable(file, e);
    }
  }
}
