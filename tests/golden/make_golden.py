"""Makes the golden files that Gatun's tests compare with: what PyTorch and Hugging Face say.

    python make_golden.py            writes everything beside this script (about ten seconds)
    python make_golden.py --check    remakes everything in a temporary folder and compares; exit code 1 on a difference

Needs torch, transformers, safetensors and numpy. The project itself needs none of them: its tests read only the
committed files. README.md beside this script describes every file and field.

Why it is made this way:
  - The truth is computed in float64. It comes from Hugging Face's own GPT-2, and a second GPT-2 written out below must
    agree with it, so that no float32 step hides in the library (its own loss, for one, casts logits to float32).
  - Beside the truth stand the errors of PyTorch's own float32 run, ||fp32 - fp64|| / ||fp64||. A test allows Gatun
    k times that error (2 forward, 3 gradients). One run is a fluke of its summation order, so each figure is the largest
    of RUNS runs. For the GPT-2 they are equal in exact arithmetic: batch rows and channels in another order. For a single
    op, which has no such order to change, the further runs are float64 with inputs and cotangent each moved by half a
    float32 unit: what rounding the inputs once would do. No figure of a single number is below FLOOR, none of a single op below half of it.
  - Everything is seeded (numpy's PCG64) and runs on one thread. --check still does not compare bytes: another BLAS, or
    the same one on another CPU, sums in another order and moves the last bits.
"""

import argparse
import json
import math
import os
import pathlib
import platform
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"

import numpy as np
import safetensors.numpy
import torch
import transformers
from safetensors import safe_open
from torch.nn import functional as F

torch.set_num_threads(1)
transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()

VOCABULARY, CONTEXT, WIDTH, HEADS, LAYERS = 101, 24, 48, 3, 2
BARE_WIDTH = 12
B, T = 3, 17
IGNORED = -1
RUNS = 16
FLOOR = 2.0**-23  # storing one float32 costs up to half of this; a lone number has no others to average with

STEPS = 10
LEARNING_RATES = [0.0005, 0.001, 0.002, 0.003, 0.0028, 0.0024, 0.0018, 0.0012, 0.0007, 0.0003]
BETA1, BETA2, EPS, WEIGHT_DECAY, MAX_NORM = 0.9, 0.95, 1e-8, 0.1, 2.0


# ---------------------------------------------------------------- the pieces everything uses


def relative_error(ours, truth):
    """||ours - truth|| / ||truth||; where the truth is zero, ||ours||."""
    ours, truth = np.asarray(ours, np.float64), np.asarray(truth, np.float64)
    norm = float(np.linalg.norm(truth))
    return float(np.linalg.norm(ours - truth)) / (norm if norm > 0 else 1.0)


def scalar_error(ours, truth):
    return max(relative_error(ours, truth), FLOOR)


def largest(errors):
    """The largest of several error figures, field by field."""
    first = errors[0]
    if isinstance(first, dict):
        return {key: largest([e[key] for e in errors]) for key in first}
    if isinstance(first, list):
        return [largest(list(e)) for e in zip(*errors)]
    return None if first is None else max(errors)


def array(tensor):
    return np.ascontiguousarray(tensor.detach().numpy())


def save_tensors(path, tensors, metadata=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    safetensors.numpy.save_file({k: np.ascontiguousarray(v) for k, v in tensors.items()}, path, metadata)


def save_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1) + "\n")


# ---------------------------------------------------------------- the GPT-2


def configuration(width):
    return transformers.GPT2Config(
        vocab_size=VOCABULARY, n_positions=CONTEXT, n_embd=width, n_head=HEADS, n_layer=LAYERS,
        activation_function="gelu_new", resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
        bos_token_id=0, eos_token_id=0)


def new_model(dtype, values):
    """Hugging Face's GPT-2 with these parameters, computing in dtype."""
    width = values["transformer.wte.weight"].shape[1]
    model = transformers.GPT2LMHeadModel._from_config(configuration(width), attn_implementation="eager")
    model = model.to(dtype).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.from_numpy(values[name]))
    return model


def draw_parameters(width, deviation, seed):
    """Values under which no term is trivially 0 or 1: a forgotten bias or norm weight shows."""
    random = np.random.default_rng(seed)
    values = {}
    for name, parameter in transformers.GPT2LMHeadModel(configuration(width)).named_parameters():
        normal = random.standard_normal(tuple(parameter.shape))
        if name.endswith(".bias"):
            value = 0.05 * normal
        elif ".ln_" in name:
            value = 1 + 0.1 * normal
        else:
            value = deviation * normal
        values[name] = value.astype(np.float32)
    return values


def draw_batch(random):
    """Tokens and targets (B, T): the target is the next token, about one in eight is ignored."""
    text = random.integers(0, VOCABULARY, (B, T + 1))
    tokens, targets = text[:, :-1], text[:, 1:].copy()
    targets[random.random((B, T)) < 0.125] = IGNORED
    return tokens.astype(np.int32), targets.astype(np.int32)


def mean_loss(logits, targets):
    """The mean over the counted targets, in the dtype of the logits (Hugging Face's own loss casts to float32)."""
    targets = torch.from_numpy(targets.astype(np.int64)).reshape(-1)
    return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), targets, ignore_index=IGNORED)


def evaluate(model, tokens, targets):
    """Logits and loss; leaves the gradients in the model."""
    model.zero_grad()
    logits = model(torch.from_numpy(tokens.astype(np.int64))).logits
    loss = mean_loss(logits, targets)
    loss.backward()
    return array(logits), array(loss).reshape(1)


def gradients(model):
    return {name: array(p.grad) for name, p in model.named_parameters()}


def plain_logits(values, tokens):
    """GPT-2 written out in numpy and float64: the second opinion on Hugging Face's."""
    p = {name.removeprefix("transformer."): value.astype(np.float64) for name, value in values.items()}

    def norm(x, name):
        centred = x - x.mean(-1, keepdims=True)
        return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * p[name + ".weight"] + p[name + ".bias"]

    def linear(x, name):
        return x @ p[name + ".weight"] + p[name + ".bias"]

    batch, time = tokens.shape
    x = p["wte.weight"][tokens] + p["wpe.weight"][:time]
    for layer in range(LAYERS):
        h = f"h.{layer}."
        q, k, v = linear(norm(x, h + "ln_1"), h + "attn.c_attn").reshape(batch, time, 3, HEADS, -1).transpose(2, 0, 3, 1, 4)
        scores = q @ k.swapaxes(-1, -2) / math.sqrt(WIDTH // HEADS)
        scores = np.where(np.tril(np.ones((time, time), bool)), scores, -np.inf)
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        weights /= weights.sum(-1, keepdims=True)
        x = x + linear((weights @ v).swapaxes(1, 2).reshape(batch, time, WIDTH), h + "attn.c_proj")
        u = linear(norm(x, h + "ln_2"), h + "mlp.c_fc")
        u = 0.5 * u * (1 + np.tanh(math.sqrt(2 / math.pi) * (u + 0.044715 * u**3)))
        x = x + linear(u, h + "mlp.c_proj")
    return norm(x, "ln_f") @ p["wte.weight"].T


# The same model with its channels in another order: equal in exact arithmetic, but every sum over channels runs in
# another order. The axis of each parameter that carries the channels of the residual stream:
CHANNEL_AXIS = {
    "wte.weight": 1, "wpe.weight": 1, "ln_1.weight": 0, "ln_1.bias": 0, "ln_2.weight": 0, "ln_2.bias": 0,
    "ln_f.weight": 0, "ln_f.bias": 0, "attn.c_attn.weight": 0, "attn.c_proj.weight": 1, "attn.c_proj.bias": 0,
    "mlp.c_fc.weight": 0, "mlp.c_proj.weight": 1, "mlp.c_proj.bias": 0,
}


def reorder(values, order):
    result = {}
    for name, value in values.items():
        axes = [axis for ending, axis in CHANNEL_AXIS.items() if name.endswith("." + ending)]
        result[name] = np.ascontiguousarray(np.take(value, order, axis=axes[0])) if axes else value
    return result


def orders(run, width=WIDTH):
    """The order of batch rows and of channels in this run; run 0 is the plain one."""
    random = np.random.default_rng(1000 + run)
    if run == 0:
        return np.arange(B), np.arange(width)
    return random.permutation(B), random.permutation(width)


# ---------------------------------------------------------------- gpt2/hf, gpt2/hf_bare, gpt2/keys.json


def make_checkpoints(out, values, bare_values):
    new_model(torch.float32, values).save_pretrained(out / "gpt2/hf")

    with safe_open(out / "gpt2/hf/model.safetensors", "np") as file:
        keys = [{"name": name, "shape": list(file.get_slice(name).get_shape()), "dtype": file.get_slice(name).get_dtype()}
                for name in sorted(file.keys())]
        save_json(out / "gpt2/keys.json", {"metadata": file.metadata(), "tensors": keys})
        assert {k["name"] for k in keys} == set(values), "Hugging Face wrote other keys than its parameters"

    # As openai-community/gpt2 is stored: no prefix, causal masks among the tensors; here with an explicit tied head too.
    # A narrower model, to stay small.
    bare = {name.removeprefix("transformer."): value for name, value in bare_values.items()}
    bare["lm_head.weight"] = bare["wte.weight"].copy()
    mask = np.tril(np.ones((CONTEXT, CONTEXT), np.float32)).reshape(1, 1, CONTEXT, CONTEXT)
    bare |= {f"h.{layer}.attn.bias": mask for layer in range(LAYERS)}
    save_tensors(out / "gpt2/hf_bare/model.safetensors", bare, {"format": "pt"})
    config = json.loads((out / "gpt2/hf/config.json").read_text())
    save_json(out / "gpt2/hf_bare/config.json", config | {"n_embd": BARE_WIDTH})

    for folder, truth in (("hf", values), ("hf_bare", bare_values)):
        model, report = transformers.GPT2LMHeadModel.from_pretrained(out / "gpt2" / folder, output_loading_info=True)
        assert not report["missing_keys"] and not report["mismatched_keys"], report
        for name, parameter in model.named_parameters():
            assert np.array_equal(array(parameter), truth[name]), name


# ---------------------------------------------------------------- gpt2/values


def make_values(out, values, bare_values):
    tokens, targets = draw_batch(np.random.default_rng(20251))
    counted = int((targets != IGNORED).sum())

    model = new_model(torch.float64, values)
    logits, loss = evaluate(model, tokens, targets)
    truth = gradients(model)
    assert relative_error(logits, plain_logits(values, tokens)) < 1e-13, "Hugging Face's float64 run is not all float64"

    bare = new_model(torch.float64, bare_values)
    _, bare_loss = evaluate(bare, tokens, targets)

    errors = []
    for run in range(RUNS):
        rows, channels = orders(run)
        model = new_model(torch.float32, reorder(values, channels))
        run_logits, run_loss = evaluate(model, tokens[rows], targets[rows])
        run_gradients = reorder(gradients(model), np.argsort(channels))
        bare = new_model(torch.float32, reorder(bare_values, orders(run, BARE_WIDTH)[1]))
        _, run_bare_loss = evaluate(bare, tokens[rows], targets[rows])
        errors.append({
            "logits": relative_error(run_logits[np.argsort(rows)], logits),
            "loss": scalar_error(run_loss, loss),
            "bare_loss": scalar_error(run_bare_loss, bare_loss),
            "gradients": {name: relative_error(run_gradients[name], truth[name]) for name in truth},
        })

    save_tensors(out / "gpt2/values.safetensors", {
        "tokens": tokens, "targets": targets, "logits": logits, "loss": loss, "bare_loss": bare_loss,
        "counted": np.array([counted], np.int64), **truth})
    save_json(out / "gpt2/values.json", {
        "model": "hf", "ignored": IGNORED, "counted": counted, "runs": RUNS, "fp32_error": largest(errors)})


# ---------------------------------------------------------------- gpt2/adamw


def is_decayed(name):
    return name.endswith(".weight") and ".ln_" not in name and "wte" not in name and "wpe" not in name


def train(dtype, values, tokens, targets, run):
    """Ten AdamW steps: losses, gradient norms before clipping, the loss of batch 0 afterwards, final minus initial."""
    rows, channels = orders(run)
    tokens, targets = tokens[:, rows], targets[:, rows]
    model = new_model(dtype, reorder(values, channels))
    decayed = [p for name, p in model.named_parameters() if is_decayed(name)]
    others = [p for name, p in model.named_parameters() if not is_decayed(name)]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": others, "weight_decay": 0.0}],
        lr=LEARNING_RATES[0], betas=(BETA1, BETA2), eps=EPS, foreach=False)
    losses, norms = [], []
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATES[step]
        _, loss = evaluate(model, tokens[step], targets[step])
        losses.append(loss[0])
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), MAX_NORM, foreach=False).item())
        optimizer.step()
    _, final_loss = evaluate(model, tokens[0], targets[0])
    final = reorder({name: array(p) for name, p in model.named_parameters()}, np.argsort(channels))
    changes = {name: final[name].astype(np.float64) - values[name] for name in final}
    return np.array(losses, np.float64), np.array(norms, np.float64), final_loss.astype(np.float64), changes


def without_key_bias(name, change):
    """The bias of the keys adds the same to all scores of a row, so its exact gradient is zero; what is computed is
    rounding, which AdamW then divides by its own size. Its change is noise in any dtype: it is left out of the errors."""
    if name.endswith("c_attn.bias"):
        return np.delete(change, np.arange(WIDTH, 2 * WIDTH))
    return change


def make_adamw(out, values):
    random = np.random.default_rng(20252)
    batches = [draw_batch(random) for _ in range(STEPS)]
    tokens, targets = np.stack([b[0] for b in batches]), np.stack([b[1] for b in batches])

    losses, norms, final_loss, changes = train(torch.float64, values, tokens, targets, 0)
    clipped = [bool(norm > MAX_NORM) for norm in norms]
    assert 3 <= sum(clipped) <= 7, f"some steps must clip and some not: {norms}"
    assert min(abs(norms - MAX_NORM)) > 1e-3, f"a norm too close to the limit to tell: {norms}"

    errors = []
    for run in range(RUNS):
        run_losses, run_norms, run_final_loss, run_changes = train(torch.float32, values, tokens, targets, run)
        errors.append({
            "losses": scalar_error(run_losses, losses),
            "gradient_norms": scalar_error(run_norms, norms),
            "final_loss": scalar_error(run_final_loss, final_loss),
            "changes": {name: relative_error(without_key_bias(name, run_changes[name]), without_key_bias(name, change))
                        for name, change in changes.items()},
        })

    save_tensors(out / "gpt2/adamw.safetensors", {
        "tokens": tokens, "targets": targets, "losses": losses, "gradient_norms": norms, "final_loss": final_loss,
        **{name: change.astype(np.float32) for name, change in changes.items()}})
    save_json(out / "gpt2/adamw.json", {
        "model": "hf", "ignored": IGNORED, "steps": STEPS, "learning_rates": LEARNING_RATES, "beta1": BETA1,
        "beta2": BETA2, "eps": EPS, "weight_decay": WEIGHT_DECAY, "decayed": [n for n in values if is_decayed(n)],
        "max_norm": MAX_NORM, "clipped": clipped,
        "left_out": {n: [WIDTH, 2 * WIDTH] for n in values if n.endswith("c_attn.bias")},
        "change_norms": {name: float(np.linalg.norm(without_key_bias(name, c))) for name, c in changes.items()},
        "runs": RUNS, "fp32_error": largest(errors)})


# ---------------------------------------------------------------- tensor_api


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


def make_tensor_api(out):
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


# ---------------------------------------------------------------- all of it, and --check


def cpu_name():
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def make(out):
    values = draw_parameters(WIDTH, 0.08, 20250)
    bare_values = draw_parameters(BARE_WIDTH, 0.3, 20256)
    make_checkpoints(out, values, bare_values)
    make_values(out, values, bare_values)
    make_adamw(out, values)
    make_tensor_api(out)
    save_json(out / "made_with.json", {
        "torch": torch.__version__, "transformers": transformers.__version__, "numpy": np.__version__,
        "cpu": cpu_name(), "instructions": torch.backends.cpu.get_cpu_capability()})


def compare_json(old, new, where, same_machine, problems):
    if type(old) is not type(new):
        problems.append(f"{where}: {old!r} was committed, {new!r} is made now")
    elif isinstance(old, dict):
        if old.keys() != new.keys():
            problems.append(f"{where}: other fields: {sorted(old.keys() ^ new.keys())}")
        for key in old.keys() & new.keys():
            if key not in ("transformers_version",):
                compare_json(old[key], new[key], f"{where}.{key}", same_machine, problems)
    elif isinstance(old, list):
        if len(old) != len(new):
            problems.append(f"{where}: {len(old)} entries were committed, {len(new)} are made now")
        for index, (a, b) in enumerate(zip(old, new)):
            compare_json(a, b, f"{where}[{index}]", same_machine, problems)
    elif isinstance(old, float):
        if "fp32_error" in where and not same_machine:
            # Rounding noise of another machine: all that can be asked is the same order of magnitude.
            fine = max(old, new) < 1e-6 or max(old, new) <= 4 * min(old, new)
        else:
            tolerance = 1e-6 if "fp32_error" in where else 1e-10
            fine = abs(old - new) <= tolerance * abs(old)
        if not fine:
            problems.append(f"{where}: {old!r} was committed, {new!r} is made now")
    elif old != new:
        problems.append(f"{where}: {old!r} was committed, {new!r} is made now")


def compare_tensors(old, new, where, problems):
    if old.keys() != new.keys():
        problems.append(f"{where}: other tensors: {sorted(old.keys() ^ new.keys())}")
    for key in sorted(old.keys() & new.keys()):
        a, b = old[key], new[key]
        if a.dtype != b.dtype or a.shape != b.shape:
            problems.append(f"{where} {key}: {a.dtype}{a.shape} was committed, {b.dtype}{b.shape} is made now")
        elif a.dtype.kind == "i":
            if not np.array_equal(a, b):
                problems.append(f"{where} {key}: other integers")
        else:
            if "adamw" in where:
                a, b = without_key_bias(key, a), without_key_bias(key, b)
            # what is float32 here is rounded from float64, so a last bit may turn
            tolerance = 1e-12 if a.dtype == np.float64 else 1e-7
            if (error := relative_error(b, a)) > tolerance:
                problems.append(f"{where} {key}: norm-relative difference {error:.2e}, allowed {tolerance:.0e}")


def check(committed):
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        fresh = pathlib.Path(folder)
        make(fresh)
        made = json.loads((fresh / "made_with.json").read_text())
        before = committed / "made_with.json"
        same_machine = before.exists() and json.loads(before.read_text()) == made
        if not same_machine:
            print(f"made on another machine or with other versions ({made} now): fp32 errors compared to a factor of 4")
        for path in sorted(p for p in fresh.rglob("*") if p.is_file()):
            name = str(path.relative_to(fresh))
            old = committed / name
            if not old.exists():
                problems.append(f"{name}: missing")
            elif name.endswith(".safetensors"):
                compare_tensors(safetensors.numpy.load_file(old), safetensors.numpy.load_file(path), name, problems)
            elif name != "made_with.json":
                compare_json(json.loads(old.read_text()), json.loads(path.read_text()), name, same_machine, problems)
        for folder_name in ("gpt2", "tensor_api"):
            for old in sorted(p for p in (committed / folder_name).rglob("*") if p.is_file()):
                if not (fresh / old.relative_to(committed)).exists():
                    problems.append(f"{old.relative_to(committed)}: this script does not make it")
    print("\n".join(problems) if problems else "the golden files are what this script makes")
    return 1 if problems else 0


def main():
    parser = argparse.ArgumentParser(description="Makes Gatun's golden files.")
    parser.add_argument("--check", action="store_true", help="remake in a temporary folder and compare")
    here = pathlib.Path(__file__).resolve().parent
    if parser.parse_args().check:
        return check(here)
    make(here)
    return 0


if __name__ == "__main__":
    sys.exit(main())
