package dev.gatun.train;

import dev.gatun.memory.Recording;
import dev.gatun.nn.Gpt;
import java.util.Map;
import java.util.Optional;

/// A refresh of the curvature that is recorded once and then replayed.
final class RecordedRefresh implements AutoCloseable {
  private final Gpt gpt;
  private final CurvatureRefresh refresh;
  private final Batches batches;
  private final long windows;
  private final WindowFeed feed;
  private Recording recording;

  RecordedRefresh(Gpt gpt, CurvatureRefresh refresh, Batches batches, int accumulate) {
    this.gpt = gpt;
    this.refresh = refresh;
    this.batches = batches;
    windows = refresh.windows(batches, accumulate);
    feed = new WindowFeed(gpt.parameters().scope(), windows, batches.time());
  }

  /// What is due at this place of `step`; empty where nothing is. Waits, and forgets all gradients.
  Optional<CurvatureReport> at(CurvatureRefresh.Order place, long step) {
    if (!refresh.plan().isDue(place, step)) return Optional.empty();
    if (recording == null) recording = gpt.device().record(this::walk);
    long start = System.nanoTime();
    for (long from = 0; from < windows; from += batches.rows()) {
      int micro = (int) (from / batches.rows());
      feed.put(from, batches.at(refresh.plan().source(step), micro).first(windows - from));
    }
    refresh.curvature().prepare(step);
    replay();
    gpt.device().stream().join();
    long tokens = windows * batches.time();
    double seconds = (System.nanoTime() - start) * 1e-9;
    double flops = refresh.flops(gpt, tokens, batches.time());
    return Optional.of(new CurvatureReport(tokens, flops, seconds));
  }

  /// One that is refused has not been done.
  private void replay() {
    var sophia = refresh.sophia();
    var before = sophia.counters();
    sophia.prepareRefresh();
    try {
      recording.replay();
    } catch (RuntimeException refusal) {
      takeBack(before, refusal);
      throw refusal;
    }
  }

  private void takeBack(Map<String, Long> before, RuntimeException refusal) {
    var sophia = refresh.sophia();
    try {
      sophia.resume(sophia.steps(), before);
    } catch (RuntimeException another) {
      refusal.addSuppressed(another);
    }
  }

  private void walk() {
    feed.send();
    refresh.curvature().begin();
    long atOnce = CurvatureRefresh.windowsAtOnce(batches.rows());
    for (long from = 0, count; from < windows; from += count) {
      long leftOfBatch = batches.rows() - from % batches.rows();
      count = Math.min(atOnce, Math.min(leftOfBatch, windows - from));
      add(from, (int) count);
    }
    refresh.sophia().applyRefresh(refresh.curvature());
  }

  private void add(long from, int count) {
    double share = (double) count / windows;
    refresh.curvature().add(gpt, feed.tokens(from, count), feed.targets(from, count), share);
  }

  @Override
  public void close() {
    if (recording != null) recording.close();
  }
}
