package dev.gatun.bench;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/// [Boundary] by JMH: each benchmark in a JVM of its own, in nanoseconds and bytes of garbage.
final class BoundaryCases {
  private static final int WARM = 5;
  private static final int COUNTED = 9;

  private BoundaryCases() {}

  static List<Case> of(Run run) {
    return Stream.of(
            "Boundary.noArgumentsByHandle",
            "JcudaBoundary.noArgumentsByJcuda",
            "Boundary.emptyByHandle",
            "Boundary.emptyByKernels",
            "Boundary.scaleByHandle",
            "Boundary.scaleByKernels",
            "Boundary.scaleByOp",
            "Boundary.scaleByOpOnTape")
        .map(name -> new Case("boundary " + name, run.quick() ? 1.3 : 9, () -> measure(run, name)))
        .toList();
  }

  private static void measure(Run run, String name) {
    var row = Row.of(Subject.boundary, name.substring(name.indexOf('.') + 1));
    try {
      run.rows().add(filled(row, new Runner(options(run, name)).run()));
    } catch (RunnerException unmeasured) {
      if (!name.startsWith("Jcuda")) throw new BenchFailure("%s: %s", name, unmeasured);
      run.rows().add(row.with("not measured here", "JCuda's native library did not load"));
    }
  }

  private static Row filled(Row row, Collection<RunResult> results) {
    var result = results.iterator().next();
    return row.with("ns", result.getPrimaryResult().getScore()).with("bytes", garbage(result));
  }

  private static double garbage(RunResult result) {
    return result.getSecondaryResults().get("gc.alloc.rate.norm").getScore();
  }

  private static Options options(Run run, String name) {
    var time = TimeValue.milliseconds(run.quick() ? 20 : 500);
    return new OptionsBuilder()
        .include("\\." + name.replace(".", "\\.") + "$")
        .warmupIterations(run.quick() ? 1 : WARM)
        .warmupTime(time)
        .measurementIterations(run.quick() ? 1 : COUNTED)
        .measurementTime(time)
        .jvmArgsAppend(forkOptions(run))
        .addProfiler(GCProfiler.class)
        .verbosity(VerboseMode.SILENT)
        .shouldFailOnError(true)
        .build();
  }

  private static String[] forkOptions(Run run) {
    var options = new ArrayList<>(run.forkOptions());
    options.add("-D" + Boundary.BACKEND + "=" + run.backend());
    return options.toArray(String[]::new);
  }
}
