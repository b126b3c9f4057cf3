package dev.gatun.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.gatun.grad.Tape;
import dev.gatun.laws.Devices;
import dev.gatun.op.Attention;
import dev.gatun.op.LayerNorm;
import dev.gatun.op.Op;
import dev.gatun.op.Reduce;
import dev.gatun.op.SoftmaxCrossEntropy;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// Every operation of the tensor API, and a program composed of them, against PyTorch: values and
/// all gradients.
@Tag("backend")
class TensorApiGoldenTest {
  @TestFactory
  Stream<DynamicTest> agreesWithPyTorch() throws IOException {
    List<?> cases;
    try (var golden = Golden.open("tensor_api/program")) {
      cases = (List<?>) golden.facts().get("cases");
    }
    return cases.stream()
        .map(Golden::object)
        .flatMap(
            one ->
                Stream.of(DType.F32, DType.F64)
                    .map(
                        dtype ->
                            dynamicTest(
                                one.get("name") + " in " + dtype, () -> check(one, dtype))));
  }

  private static void check(Map<String, Object> one, DType dtype) throws IOException {
    try (var golden = Golden.open("tensor_api/program");
        var device = Devices.underTest();
        var tape = Tape.open(device)) {
      var inputs = new ArrayList<Tensor>();
      for (var name : (List<?>) one.get("inputs")) {
        inputs.add(golden.on(tape, (String) name, dtype));
      }
      inputs.stream().filter(t -> t.dtype().isFloating()).forEach(tape::watch);
      var output = run((String) one.get("op"), inputs, Golden.object(one.get("attributes")));
      var figures = Golden.object(one.get("fp32_error"));
      var name = (String) one.get("name");
      Golden.assertHeld(
          name,
          output.toDoubles(),
          golden.tensors().doubles((String) one.get("output")),
          dtype,
          Golden.FORWARD,
          Golden.number(figures.get("output")));
      var cotangent = golden.on(tape, (String) one.get("cotangent"), dtype);
      var flat = cotangent.reshape(output.shape().sizes());
      var gradients = tape.backward(output.times(flat).sum());
      var names = (List<?>) one.get("gradients");
      var errors = (List<?>) figures.get("gradients");
      assertEquals(inputs.size(), names.size());
      for (int i = 0; i < names.size(); i++) {
        if (names.get(i) == null) continue;
        Golden.assertHeld(
            name + ", gradient " + i,
            gradients.of(inputs.get(i)).toDoubles(),
            golden.tensors().doubles((String) names.get(i)),
            dtype,
            Golden.GRADIENT,
            Golden.number(errors.get(i)));
      }
    }
  }

  private static Tensor run(String op, List<Tensor> in, Map<String, Object> attributes) {
    var x = in.getFirst();
    return switch (op) {
      case "add" -> x.plus(in.get(1));
      case "subtract" -> x.minus(in.get(1));
      case "multiply" -> x.times(in.get(1));
      case "divide" -> x.dividedBy(in.get(1));
      case "scale" -> x.times(Golden.number(attributes.get("alpha")));
      case "exp" -> x.exp();
      case "log" -> x.log();
      case "tanh" -> x.tanh();
      case "relu" -> x.relu();
      case "sigmoid" -> x.sigmoid();
      case "square" -> x.square();
      case "gelu" -> x.gelu();
      case "sum" -> x.sum(axis(attributes));
      case "mean" -> x.mean(axis(attributes));
      case "transpose" -> x.transpose();
      case "slice" ->
          x.slice(axis(attributes), whole(attributes, "start"), whole(attributes, "count"));
      case "concatenate" ->
          in.stream().reduce((a, b) -> a.concatenate(b, axis(attributes))).orElseThrow();
      case "gather" -> x.gather(in.get(1));
      case "matmul" -> x.matmul(in.get(1));
      case "linear" -> x.linear(in.get(1), in.get(2));
      case "squaredError" -> x.squaredError(in.get(1));
      case "layernorm" -> one(new LayerNorm(Golden.number(attributes.get("eps")), true), in);
      case "softmaxCrossEntropy" -> one(new SoftmaxCrossEntropy(x.shape().cols()), in);
      case "attention" -> attention(x, attributes);
      case "program" -> program(in);
      default -> throw new AssertionError("no such operation here: " + op);
    };
  }

  private static Tensor one(Op op, List<Tensor> inputs) {
    return op.apply(inputs).getFirst();
  }

  private static int axis(Map<String, Object> attributes) {
    var axis = (String) attributes.get("axis");
    return axis.equals("all") ? Reduce.ALL : Integer.parseInt(axis);
  }

  private static long whole(Map<String, Object> attributes, String name) {
    return ((Number) attributes.get(name)).longValue();
  }

  private static Tensor attention(Tensor packed, Map<String, Object> attributes) {
    var s = packed.shape();
    long heads = s.size(3);
    var flat = packed.reshape(s.size(0), s.size(1), 3 * heads * s.size(4));
    var op =
        new Attention(
            heads, Golden.number(attributes.get("scale")), (Boolean) attributes.get("causal"));
    return one(op, List.of(flat)).reshape(s.size(0), s.size(1), heads, s.size(4));
  }

  /// The expression that the golden file documents.
  private static Tensor program(List<Tensor> in) {
    var x = in.get(0);
    var table = in.get(1);
    var ids = in.get(2);
    var w1 = in.get(3);
    var b1 = in.get(4);
    var w2 = in.get(5);
    var row = in.get(6);
    var scalar = in.get(7);
    var column = in.get(8);
    var positive = in.get(9);
    var spread = in.get(10);
    var w3 = in.get(11);
    var b3 = in.get(12);
    var goal = in.get(13);
    var h = x.concatenate(table.gather(ids), 1);
    var a = h.linear(w1, b1).tanh();
    var r = a.matmul(w2).plus(row).relu();
    var s = r.times(scalar).sigmoid();
    var e = s.times(-0.5).exp().minus(column);
    var q = e.square().plus(positive).log();
    var d = q.dividedBy(spread.exp()).minus(q.sum(0));
    var t = d.slice(1, 1, 4).transpose();
    var m = t.matmul(a);
    var y = m.minus(m.mean(0)).linear(w3, b3);
    var z = y.minus(y.mean());
    return z.squaredError(goal).plus(t.sum(1).square().mean().times(0.01));
  }
}
