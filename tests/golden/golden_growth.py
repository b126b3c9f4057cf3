"""The golden files of growth: what Hugging Face's GPT-2 computes with the weights of gpt2/hf, grown, in float64.

A map of copies is written here as a matrix B of ones and zeros, (larger, smaller), and growth as A W B^T with A the same
matrix, each row divided by the number of copies. LiGO has maps of other numbers, of which A is B; they are sines, so that
no file has to hold them.
"""

import numpy as np
import torch
import transformers

from golden_files import array, relative_error, save_json, save_tensors
from golden_gpt2 import HEADS, LAYERS, WIDTH, configuration, draw_batch, draw_parameters, is_tied, new_model


def copies(sources, smaller):
    matrix = np.zeros((len(sources), smaller))
    matrix[np.arange(len(sources)), sources] = 1
    return matrix


def grow(values, residual, heads, hidden, layers):
    """The weights of a model whose channels, heads, hidden channels and layers are copies of these."""
    small = bare(values)
    width = small["wte.weight"].shape[1]
    b = {"residual": copies(residual, width), "hidden": copies(hidden, 4 * width),
         "heads": np.kron(copies(heads, HEADS), np.eye(width // HEADS))}
    b["three"] = np.kron(np.eye(3), b["heads"])
    a = {name: matrix / matrix.sum(0)[matrix.argmax(1)][:, None] for name, matrix in b.items()}

    def product(name, into, out):
        grown[name.format(new) + ".weight"] = a[into] @ small[name.format(old) + ".weight"] @ b[out].T
        grown[name.format(new) + ".bias"] = b[out] @ small[name.format(old) + ".bias"]

    grown = {name: small[name] @ b["residual"].T for name in ("wte.weight", "wpe.weight")}
    # A tied head is the token embedding, so the norm before it is divided in its stead.
    last = a if is_tied(values) else b
    grown |= {name: last["residual"] @ small[name] for name in ("ln_f.weight", "ln_f.bias")}
    if not is_tied(values):
        grown["lm_head.weight"] = small["lm_head.weight"] @ a["residual"].T
    for new, old in enumerate(layers):
        for norm in ("ln_1.weight", "ln_1.bias", "ln_2.weight", "ln_2.bias"):
            grown[f"h.{new}.{norm}"] = b["residual"] @ small[f"h.{old}.{norm}"]
        product("h.{}.attn.c_attn", "residual", "three")
        product("h.{}.attn.c_proj", "heads", "residual")
        product("h.{}.mlp.c_fc", "residual", "hidden")
        product("h.{}.mlp.c_proj", "hidden", "residual")
    return stored(grown)


def bare(values):
    return {name.removeprefix("transformer."): value.astype(np.float64) for name, value in values.items()}


def stored(values):
    return {name if name == "lm_head.weight" else "transformer." + name: value for name, value in values.items()}


def sines(rows, cols, number):
    i, j = np.indices((rows, cols))
    return np.sin(number + 3 * i + 7 * j + 0.1 * i * j) / np.sqrt(cols)


DEPTHS = ("ln_1", "attn.queries", "attn.keys", "attn.values", "attn.c_proj", "ln_2", "mlp.c_fc", "mlp.c_proj")


def ligo(values, layers, heads):
    """Depth first, with maps that layers share and whole heads: W'_i = B (sum_j w_ij W_j) A^T."""
    small = bare(values)
    width = small["wte.weight"].shape[1]
    wider = heads * (width // HEADS)
    residual = sines(wider, width, 1)
    hidden = sines(4 * wider, 4 * width, 2)
    of_heads = {name: np.kron(sines(heads, HEADS, number), np.eye(width // HEADS))
                for number, name in enumerate(("queries", "keys", "values"), 3)}
    depth = {name: sines(layers, LAYERS, 6 + number) for number, name in enumerate(DEPTHS)}

    def mixed(name, layer, part):
        return sum(depth[name][layer, old] * small[f"h.{old}.{part}"] for old in range(LAYERS))

    rows = ("wte.weight", "wpe.weight") if is_tied(values) else ("wte.weight", "wpe.weight", "lm_head.weight")
    grown = {name: small[name] @ residual.T for name in rows}
    grown |= {name: residual @ small[name] for name in ("ln_f.weight", "ln_f.bias")}
    for new in range(layers):
        block = {}
        for norm in ("ln_1", "ln_2"):
            for part in ("weight", "bias"):
                block[f"{norm}.{part}"] = residual @ mixed(norm, new, f"{norm}.{part}")
        for part in ("weight", "bias"):
            thirds = []
            for third, name in enumerate(of_heads):
                columns = mixed("attn." + name, new, "attn.c_attn." + part)[..., third * width:(third + 1) * width]
                columns = columns @ of_heads[name].T
                thirds.append(residual @ columns if part == "weight" else columns)
            block["attn.c_attn." + part] = np.concatenate(thirds, -1)
        for name, into, out in (("attn.c_proj", of_heads["values"], residual), ("mlp.c_fc", residual, hidden),
                                ("mlp.c_proj", hidden, residual)):
            block[name + ".weight"] = into @ mixed(name, new, name + ".weight") @ out.T
            block[name + ".bias"] = out @ mixed(name, new, name + ".bias")
        grown |= {f"h.{new}.{name}": value for name, value in block.items()}
    return stored(grown)


def logits(values, heads, layers, tokens):
    config = configuration(values["transformer.wte.weight"].shape[1], is_tied(values))
    config.n_head, config.n_layer, config.n_inner = heads, layers, values["transformer.h.0.mlp.c_fc.bias"].size
    model = transformers.GPT2LMHeadModel._from_config(config, attn_implementation="eager").to(torch.float64).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.from_numpy(values[name]))
        return array(model(torch.from_numpy(tokens.astype(np.int64))).logits)


def make(out):
    values = draw_parameters(WIDTH, 0.08, 20250)
    tokens = draw_batch(np.random.default_rng(20251))[0][:1]
    random = np.random.default_rng(20254)
    same = {"residual": np.arange(WIDTH), "heads": np.arange(HEADS), "hidden": np.arange(4 * WIDTH)}
    wide = {"residual": np.append(same["residual"], random.integers(0, WIDTH, WIDTH // HEADS)),
            "heads": np.append(same["heads"], random.integers(0, HEADS, 1)),
            "hidden": np.append(same["hidden"], random.integers(0, 4 * WIDTH, 4 * WIDTH // HEADS))}
    cases = {"stack": same | {"layers": [0, 1, 0, 1, 0]}, "interpolate": same | {"layers": [0, 0, 0, 1, 1]},
             "uneven": wide | {"layers": [0, 1, 1]}, "inside": same | {
                 "hidden": np.append(same["hidden"], random.integers(0, 4 * WIDTH, 10)), "layers": [0, 1]}}
    save_tensors(out / "gpt2/growth.safetensors", {"tokens": tokens, **{
        name: logits(grow(values, **maps), len(maps["heads"]), len(maps["layers"]), tokens)
        for name, maps in cases.items()}, "ligo": logits(ligo(values, 3, 4), 4, 3, tokens)})
    save_json(out / "gpt2/growth.json", {"model": "hf", **{name: {
        space: [int(source) for source in sources] for space, sources in cases[name].items()}
        for name in ("uneven", "inside")}})

    truth = array(new_model(torch.float64, values)(torch.from_numpy(tokens.astype(np.int64))).logits)
    twice = {space: np.tile(sources, 2) for space, sources in same.items()} | {"layers": range(LAYERS)}
    assert relative_error(logits(grow(values, **twice), 2 * HEADS, LAYERS, tokens), truth) < 1e-13, "copies twice"
