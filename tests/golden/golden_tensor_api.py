"""The golden files of the tensor API: each operation alone, and a program of all of them."""

import math

import numpy as np
import torch
from torch.nn import functional as F

from golden_files import FLOOR, IGNORED, RUNS, array, largest, relative_error, save_json, save_tensors


def over(reduction, x, axis):
    return reduction(x).reshape(1) if axis == "all" else reduction(x, dim=int(axis))


def attention(x, causal, scale):
    q, k, v = (x[:, :, i].transpose(1, 2) for i in range(3))
    scores = scale * (q @ k.transpose(-1, -2))
    if causal:
        time = x.shape[1]
        scores = scores.masked_fill(~torch.ones(time, time, dtype=torch.bool).tril(), -math.inf)
    return (scores.softmax(-1) @ v).transpose(1, 2)


def cross_entropy(logits, targets, ignored, counted):
    return F.cross_entropy(logits, targets.long(), ignore_index=ignored).reshape(1)


def program(x, table, ids, w1, b1, w2, row, scalar, column, positive, spread, w3, b3, goal):
    h = torch.cat([x, table[ids.long()]], 1)
    a = torch.tanh(h @ w1 + b1)
    r = torch.relu(a @ w2 + row)
    s = torch.sigmoid(r * scalar)
    e = torch.exp(-0.5 * s) - column
    q = torch.log(torch.square(e) + positive)
    d = q / torch.exp(spread) - q.sum(0)
    t = d[:, 1:5].T
    m = t @ a
    y = (m - m.mean(0)) @ w3 + b3
    z = y - y.mean().reshape(1)
    return F.mse_loss(z, goal).reshape(1) + 0.01 * torch.square(t.sum(1)).mean().reshape(1)


EXPRESSION = [
    "h = concatenate(axis 1, x, gather(table, ids))",
    "a = tanh(linear(h, w1, b1))",
    "r = relu(add(matmul(a, w2), row))",
    "s = sigmoid(multiply(r, scalar))",
    "e = subtract(exp(scale(s, -0.5)), column)",
    "q = log(add(square(e), positive))",
    "d = subtract(divide(q, exp(spread)), sum(q, axis 0))",
    "t = transpose(slice(d, axis 1, start 1, count 4))",
    "m = matmul(t, a)",
    "y = linear(subtract(m, mean(m, axis 0)), w3, b3)",
    "z = subtract(y, mean(y, axis all))",
    "output = add(squaredError(z, goal), scale(mean(square(sum(t, axis 1)), axis all), 0.01))",
]

OPS = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y,
    "scale": lambda x, alpha: alpha * x,
    "exp": torch.exp,
    "log": torch.log,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "square": torch.square,
    "sum": lambda x, axis: over(torch.sum, x, axis),
    "mean": lambda x, axis: over(torch.mean, x, axis),
    "transpose": lambda x: x.T,
    "slice": lambda x, axis, start, count: x.narrow(int(axis), start, count),
    "concatenate": lambda *x, axis: torch.cat(x, int(axis)),
    "gather": lambda table, ids: table[ids.long()],
    "matmul": lambda x, y: x @ y,
    "linear": lambda x, weight, bias: x @ weight + bias,
    "squaredError": lambda x, y: F.mse_loss(x, y).reshape(1),
    "gelu": lambda x: F.gelu(x, approximate="tanh"),
    "layernorm": lambda x, weight, bias, eps: F.layer_norm(x, x.shape[-1:], weight, bias, eps),
    "softmaxCrossEntropy": cross_entropy,
    "attention": attention,
    "program": program,
}


def draw_tensors():
    random = np.random.default_rng(20253)

    def normal(*shape):  # float32 values, so that a float32 test starts from the same numbers
        return random.standard_normal(shape).astype(np.float32).astype(np.float64)

    def away_from_zero(*shape):
        return (np.sign(normal(*shape)) * random.uniform(0.5, 2, shape)).astype(np.float32).astype(np.float64)

    far = np.array([[-800.0, -40.0, -1.5], [0.0, 40.0, 800.0]])
    at_zero = normal(7, 5)
    at_zero[2, 3] = at_zero[6, 4] = 0.0
    logits_far = 10 * normal(9, 13)
    logits_far[0, 3], logits_far[1, 5], logits_far[2, 0] = 1000.0, -1000.0, 1000.0
    targets = random.integers(0, 13, 9).astype(np.int32)
    targets[[1, 4, 8]] = IGNORED
    targets[3] = 12
    return {
        "x": normal(7, 5), "y": normal(7, 5), "nonzero": away_from_zero(7, 5), "positive": np.abs(away_from_zero(7, 5)),
        "row": normal(5), "row_nonzero": away_from_zero(5), "column": normal(7, 1), "column_nonzero": away_from_zero(7, 1),
        "scalar": away_from_zero(1), "one": normal(1, 1), "wide": normal(3, 37), "wide_row": normal(37),
        "wide_column": normal(3, 1), "far": far, "at_zero": at_zero, "short": normal(2, 5), "narrow": normal(7, 3),
        "table": normal(11, 5), "ids": np.array([3, 0, 10, 3, 7, 3, 0], np.int32), "factor": normal(5, 6),
        "bias": normal(6), "inner": normal(37, 9), "outer": normal(9, 1),
        "norm_x": normal(6, 13), "norm_weight": 1 + normal(13), "norm_bias": normal(13),
        "norm_shifted": 64 + normal(6, 13), "logits": normal(9, 13), "logits_far": logits_far, "targets": targets,
        "packed": normal(2, 9, 3, 3, 4), "packed_one": normal(2, 1, 3, 1, 5), "packed_far": 8 * normal(1, 19, 3, 2, 3),
        "p.w1": 0.5 * normal(10, 8), "p.b1": normal(8), "p.w2": 0.5 * normal(8, 6), "p.row": normal(6),
        "p.scalar": np.array([1.25]), "p.column": normal(7, 1), "p.positive": np.array([0.75]),
        "p.spread": 0.5 * normal(6), "p.w3": 0.5 * normal(8, 3), "p.b3": normal(3), "p.goal": normal(4, 3),
    }


def cases():
    """(name, op, inputs, attributes)"""
    for op, y in (("add", ""), ("subtract", ""), ("multiply", ""), ("divide", "_nonzero")):
        yield op, op, ["x", "nonzero"], {}
        yield op + "_row", op, ["x", "row" + y], {}
        yield op + "_column", op, ["x", "column" + y], {}
        yield op + "_scalar", op, ["x", "scalar"], {}
        yield op + "_itself", op, ["nonzero", "nonzero"], {}
    yield "multiply_wide_row", "multiply", ["wide", "wide_row"], {}
    yield "multiply_wide_column", "multiply", ["wide", "wide_column"], {}
    yield "add_one", "add", ["one", "scalar"], {}
    yield "scale", "scale", ["x"], {"alpha": -0.375}
    yield "scale_wide", "scale", ["wide"], {"alpha": 3.0}
    for op in ("exp", "tanh", "sigmoid", "relu", "square", "gelu"):
        yield op, op, ["x"], {}
        yield op + "_wide", op, ["wide"], {}
        yield op + "_one", op, ["one"], {}
    yield "log", "log", ["positive"], {}
    for op in ("tanh", "sigmoid", "gelu"):
        yield op + "_far", op, ["far"], {}
    yield "relu_at_zero", "relu", ["at_zero"], {}
    for op in ("sum", "mean"):
        for axis in ("0", "1", "all"):
            yield f"{op}_{axis}", op, ["x"], {"axis": axis}
            yield f"{op}_{axis}_wide", op, ["wide"], {"axis": axis}
    yield "transpose", "transpose", ["x"], {}
    yield "transpose_wide", "transpose", ["wide"], {}
    yield "slice_0", "slice", ["x"], {"axis": "0", "start": 2, "count": 3}
    yield "slice_1", "slice", ["x"], {"axis": "1", "start": 1, "count": 4}
    yield "slice_last", "slice", ["wide"], {"axis": "1", "start": 36, "count": 1}
    yield "concatenate_0", "concatenate", ["x", "short"], {"axis": "0"}
    yield "concatenate_1", "concatenate", ["x", "narrow"], {"axis": "1"}
    yield "concatenate_three", "concatenate", ["x", "narrow", "y"], {"axis": "1"}
    yield "gather", "gather", ["table", "ids"], {}
    yield "matmul", "matmul", ["x", "factor"], {}
    yield "matmul_wide", "matmul", ["wide", "inner"], {}
    yield "matmul_to_column", "matmul", ["inner", "outer"], {}
    yield "linear", "linear", ["x", "factor", "bias"], {}
    yield "squaredError", "squaredError", ["x", "y"], {}
    yield "layernorm", "layernorm", ["norm_x", "norm_weight", "norm_bias"], {"eps": 1e-5}
    yield "layernorm_shifted", "layernorm", ["norm_shifted", "norm_weight", "norm_bias"], {"eps": 0.001}
    yield "softmaxCrossEntropy", "softmaxCrossEntropy", ["logits", "targets"], {"ignored": IGNORED, "counted": 6}
    yield "softmaxCrossEntropy_far", "softmaxCrossEntropy", ["logits_far", "targets"], {"ignored": IGNORED, "counted": 6}
    yield "attention_causal", "attention", ["packed"], {"causal": True, "scale": 0.5}
    yield "attention_full", "attention", ["packed"], {"causal": False, "scale": 0.3}
    yield "attention_one", "attention", ["packed_one"], {"causal": True, "scale": 0.7}
    yield "attention_far", "attention", ["packed_far"], {"causal": True, "scale": 1.0}
    yield "program", "program", ["x", "table", "ids"] + ["p." + n for n in (
        "w1", "b1", "w2", "row", "scalar", "column", "positive", "spread", "w3", "b3", "goal")], {}


def run_case(op, inputs, given, attributes, cotangent, dtype):
    """The output and a gradient for each input (None for integers), computed in dtype."""
    tensors = [torch.from_numpy(given[name]) for name in inputs]
    tensors = [v.to(dtype).requires_grad_() if v.is_floating_point() else v for v in tensors]
    result = OPS[op](*tensors, **attributes)
    if cotangent is None:
        return array(result), None
    result.backward(torch.from_numpy(cotangent).to(dtype))
    return array(result), [array(v.grad) if v.requires_grad else None for v in tensors]


def case_error(ours, truth):
    """At least what storing the result as float32 may cost; an exact zero must be hit."""
    if truth is None:
        return None
    if not truth.any():
        return relative_error(ours, truth)
    return max(relative_error(ours, truth), FLOOR if truth.size == 1 else FLOOR / 2)


def moved_by_half_a_unit(given, run):
    """Each element times 1 + 2^-24 or 1 - 2^-24, by chance."""
    random = np.random.default_rng([20255, run])
    return {name: value if value.dtype.kind == "i" else value * (1 + 2.0**-24 * random.choice([-1, 1], value.shape))
            for name, value in given.items()}


def make(out):
    tensors = draw_tensors()
    listed, used = [], {}
    for number, (name, op, inputs, attributes) in enumerate(cases()):
        given = {i: tensors[i] for i in inputs}
        shape = run_case(op, inputs, given, attributes, None, torch.float64)[0].shape
        drawn = np.random.default_rng([20254, number]).standard_normal(shape)
        given[name + "/cotangent"] = cotangent = drawn.astype(np.float32).astype(np.float64)

        output, grads = run_case(op, inputs, given, attributes, cotangent, torch.float64)
        runs = [run_case(op, inputs, given, attributes, cotangent, torch.float32)]
        for run in range(1, RUNS):
            moved = moved_by_half_a_unit(given, run)
            runs.append(run_case(op, inputs, moved, attributes, moved[name + "/cotangent"], torch.float64))
        errors = [{"output": case_error(o, output), "gradients": [case_error(*pair) for pair in zip(g, grads)]}
                  for o, g in runs]
        assert np.isfinite(errors[0]["output"]) and all(e is None or np.isfinite(e) for e in errors[0]["gradients"]), name

        names = [None if g is None else f"{name}/d{position}" for position, g in enumerate(grads)]
        used |= given | {name + "/output": output} | {n: g for n, g in zip(names, grads) if n}
        listed.append({
            "name": name, "op": op, "inputs": inputs, "attributes": attributes,
            "output": name + "/output", "cotangent": name + "/cotangent", "gradients": names,
            **({"expression": EXPRESSION} if op == "program" else {}),
            "fp32_error": largest(errors)})
    save_tensors(out / "tensor_api/program.safetensors", used)
    save_json(out / "tensor_api/program.json", {"cases": listed})
