package dev.gatun.store;

import dev.gatun.InvalidArgument;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/// The JSON header of a safetensors file: `{"name": {"dtype", "shape", "data_offsets"}, …}`, and
/// `"__metadata__"`, a map of strings. Offsets count bytes from the end of the header; together
/// the tensors fill the rest of the file, without hole, overlap or remainder.
///
/// @param begins where each tensor begins, in bytes from the end of the header, in file order
record SafetensorsHeader(SequencedMap<StoredTensor, Long> begins, Map<String, String> metadata) {
  /// The format's own limit on the header, in bytes.
  static final int LONGEST = 100_000_000;

  private static final String METADATA = "__metadata__";

  /// Parses a header that `dataBytes` bytes follow.
  ///
  /// @throws BadFile for anything the format does not allow
  static SafetensorsHeader parse(Path file, byte[] json, long dataBytes) {
    if (json.length == 0 || json[0] != '{') {
      throw new BadFile(file, "is not a safetensors file: its header does not begin with '{'");
    }
    var object = Json.parse(file, "safetensors header", json);
    var metadata = metadata(file, object.remove(METADATA));
    var placed = new ArrayList<Placed>();
    object.forEach((name, value) -> placed.add(Placed.parse(file, name, value)));
    placed.sort(Comparator.comparingLong(Placed::begin).thenComparingLong(Placed::end));
    return new SafetensorsHeader(contiguous(file, placed, dataBytes), metadata);
  }

  /// The header of tensors laid out one after another.
  static SafetensorsHeader of(List<StoredTensor> tensors, Map<String, String> metadata) {
    var begins = new LinkedHashMap<StoredTensor, Long>();
    long end = 0;
    for (var tensor : tensors) {
      begins.put(tensor, end);
      end = Math.addExact(end, tensor.bytes());
    }
    return new SafetensorsHeader(begins, metadata);
  }

  /// The JSON, padded with spaces to a multiple of 8 bytes, so that the data begins aligned.
  byte[] json() {
    var object = new LinkedHashMap<String, Object>();
    if (!metadata.isEmpty()) {
      object.put(METADATA, metadata);
    }
    begins.forEach((tensor, begin) -> object.put(tensor.name(), described(tensor, begin)));
    var bytes = Json.compact(object).getBytes(StandardCharsets.UTF_8);
    var padded = Arrays.copyOf(bytes, Math.ceilDiv(bytes.length, 8) * 8);
    Arrays.fill(padded, bytes.length, padded.length, (byte) ' ');
    return padded;
  }

  private static Map<String, Object> described(StoredTensor tensor, long begin) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("dtype", tensor.type().name());
    fields.put("shape", tensor.shape());
    fields.put("data_offsets", List.of(begin, begin + tensor.bytes()));
    return fields;
  }

  private static Map<String, String> metadata(Path file, Object value) {
    if (value == null) {
      return Map.of();
    }
    if (!(value instanceof Map<?, ?> map)) {
      throw new BadFile(file, "\"__metadata__\" is not an object");
    }
    var metadata = new LinkedHashMap<String, String>();
    map.forEach(
        (key, text) -> {
          if (!(text instanceof String)) {
            throw new BadFile(file, "\"__metadata__\" holds \"" + key + "\", which is no string");
          }
          metadata.put((String) key, (String) text);
        });
    return metadata;
  }

  private static SequencedMap<StoredTensor, Long> contiguous(
      Path file, List<Placed> placed, long dataBytes) {
    var begins = new LinkedHashMap<StoredTensor, Long>();
    long end = 0;
    for (var next : placed) {
      if (next.begin() != end) {
        throw new BadFile(
            file,
            "tensor \"%s\" begins at byte %d, where %d was due: its data %s"
                .formatted(
                    next.tensor().name(),
                    next.begin(),
                    end,
                    next.begin() < end ? "overlaps another's" : "leaves a hole"));
      }
      if (next.end() > dataBytes) {
        throw new BadFile(
            file,
            "is truncated: tensor \"%s\" ends at byte %d, but %d bytes follow the header"
                .formatted(next.tensor().name(), next.end(), dataBytes));
      }
      begins.put(next.tensor(), next.begin());
      end = next.end();
    }
    if (end != dataBytes) {
      throw new BadFile(file, (dataBytes - end) + " bytes follow the last tensor");
    }
    return begins;
  }

  /// A tensor with its byte range, `begin` included and `end` not.
  private record Placed(StoredTensor tensor, long begin, long end) {

    static Placed parse(Path file, String name, Object value) {
      if (!(value instanceof Map<?, ?> fields)) {
        throw new BadFile(file, "tensor \"" + name + "\" is not described by an object");
      }
      var type = type(file, name, fields.get("dtype"));
      var shape = longs(file, name, "shape", fields.get("shape"));
      var offsets = longs(file, name, "data_offsets", fields.get("data_offsets"));
      if (offsets.size() != 2 || offsets.get(0) < 0 || offsets.get(1) < offsets.get(0)) {
        throw new BadFile(
            file,
            "tensor \"%s\" has \"data_offsets\" %s, which are no byte range"
                .formatted(name, offsets));
      }
      var tensor = tensor(file, name, type, shape);
      if (tensor.bytes() != offsets.get(1) - offsets.get(0)) {
        throw new BadFile(
            file,
            "tensor \"%s\" is %s %s, %d bytes, but its data_offsets span %d"
                .formatted(name, type, shape, tensor.bytes(), offsets.get(1) - offsets.get(0)));
      }
      return new Placed(tensor, offsets.get(0), offsets.get(1));
    }

    private static StoredTensor tensor(Path file, String name, StoredType type, List<Long> shape) {
      try {
        return new StoredTensor(name, type, shape);
      } catch (InvalidArgument e) {
        throw new BadFile(file, e.getMessage(), e);
      }
    }

    private static StoredType type(Path file, String name, Object value) {
      if (!(value instanceof String text)) {
        throw new BadFile(file, "tensor \"" + name + "\" has no \"dtype\"");
      }
      return StoredType.named(text)
          .orElseThrow(
              () ->
                  new BadFile(
                      file,
                      "tensor \"%s\" has dtype \"%s\", which is not read here"
                          .formatted(name, text)));
    }

    private static List<Long> longs(Path file, String name, String field, Object value) {
      if (!(value instanceof List<?> list)) {
        throw new BadFile(file, "tensor \"%s\" has no \"%s\"".formatted(name, field));
      }
      if (!list.stream().allMatch(each -> each instanceof Integer || each instanceof Long)) {
        throw new BadFile(
            file,
            "tensor \"%s\" has \"%s\" %s, which are not all whole numbers"
                .formatted(name, field, list));
      }
      return list.stream().map(each -> ((Number) each).longValue()).toList();
    }
  }
}
