"""The golden files of GPT-2: folders that Hugging Face wrote, one batch with all gradients, ten AdamW steps."""

import json
import math
import os

os.environ["HF_HUB_OFFLINE"] = "1"

import numpy as np
import torch
import transformers
from safetensors import safe_open
from torch.nn import functional as F

from golden_files import IGNORED, RUNS, array, largest, relative_error, save_json, save_tensors, scalar_error

transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()

VOCABULARY, CONTEXT, WIDTH, HEADS, LAYERS = 101, 24, 48, 3, 2
BARE_WIDTH = 12
B, T = 3, 17

STEPS = 10
LEARNING_RATES = [0.0005, 0.001, 0.002, 0.003, 0.0028, 0.0024, 0.0018, 0.0012, 0.0007, 0.0003]
BETA1, BETA2, EPS, WEIGHT_DECAY, MAX_NORM = 0.9, 0.95, 1e-8, 0.1, 2.0


def configuration(width, tied=True):
    return transformers.GPT2Config(
        vocab_size=VOCABULARY, n_positions=CONTEXT, n_embd=width, n_head=HEADS, n_layer=LAYERS,
        activation_function="gelu_new", resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
        bos_token_id=0, eos_token_id=0, tie_word_embeddings=tied)


def is_tied(values):
    return "lm_head.weight" not in values


def new_model(dtype, values):
    """Hugging Face's GPT-2 with these parameters, computing in dtype."""
    width = values["transformer.wte.weight"].shape[1]
    model = transformers.GPT2LMHeadModel._from_config(
        configuration(width, is_tied(values)), attn_implementation="eager")
    model = model.to(dtype).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.from_numpy(values[name]))
    return model


def draw_parameters(width, deviation, seed, tied=True):
    """Values under which no term is trivially 0 or 1: a forgotten bias or norm weight shows."""
    random = np.random.default_rng(seed)
    values = {}
    for name, parameter in transformers.GPT2LMHeadModel(configuration(width, tied)).named_parameters():
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
    width = p["wte.weight"].shape[1]
    x = p["wte.weight"][tokens] + p["wpe.weight"][:time]
    for layer in range(LAYERS):
        h = f"h.{layer}."
        q, k, v = linear(norm(x, h + "ln_1"), h + "attn.c_attn").reshape(batch, time, 3, HEADS, -1).transpose(2, 0, 3, 1, 4)
        scores = q @ k.swapaxes(-1, -2) / math.sqrt(width // HEADS)
        scores = np.where(np.tril(np.ones((time, time), bool)), scores, -np.inf)
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        weights /= weights.sum(-1, keepdims=True)
        x = x + linear((weights @ v).swapaxes(1, 2).reshape(batch, time, width), h + "attn.c_proj")
        u = linear(norm(x, h + "ln_2"), h + "mlp.c_fc")
        u = 0.5 * u * (1 + np.tanh(math.sqrt(2 / math.pi) * (u + 0.044715 * u**3)))
        x = x + linear(u, h + "mlp.c_proj")
    return norm(x, "ln_f") @ p.get("lm_head.weight", p["wte.weight"]).T


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


# ---------------------------------------------------------------- all of it


def make(out):
    values = draw_parameters(WIDTH, 0.08, 20250)
    bare_values = draw_parameters(BARE_WIDTH, 0.3, 20256)
    make_checkpoints(out, values, bare_values)
    make_values(out, values, bare_values)
    make_adamw(out, values)
