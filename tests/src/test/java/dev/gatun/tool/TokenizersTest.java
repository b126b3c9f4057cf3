package dev.gatun.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.InvalidArgument;
import dev.gatun.store.TrainerState;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Which tokenizer a model was trained with.
class TokenizersTest {
  @TempDir Path checkpoint;

  @Test
  void whatTheTrainerNotedCountsMoreThanTheVocabulary() {
    new TrainerState(0, 0, 0, Map.of("tokenizer", "gpt2")).write(checkpoint);
    assertEquals(Optional.of("gpt2"), Tokenizers.nameFor(checkpoint, 256));
  }

  @Test
  void withoutANoteTheVocabularyTells() {
    assertEquals(Optional.of("bytes"), Tokenizers.nameFor(checkpoint, 256));
    assertEquals(Optional.of("gpt2"), Tokenizers.nameFor(checkpoint, 50257));
    assertEquals(Optional.empty(), Tokenizers.nameFor(checkpoint, 50304));
  }

  @Test
  void whereNothingTellsItMustBeNamed() {
    assertEquals("gpt2", Tokenizers.of("gpt2", checkpoint, 50304).name());
    var failure = assertThrows(InvalidArgument.class, () -> Tokenizers.of(null, checkpoint, 50304));
    assertTrue(failure.getMessage().contains("name a --tokenizer"), failure.getMessage());
  }
}
