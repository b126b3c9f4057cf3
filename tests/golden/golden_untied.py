"""The golden files of a GPT-2 whose head has weights of its own, in float64: its function, gradients, products with its
Hessian and its Gauss-Newton matrix, and what it computes once it is grown. A narrow model, to stay small."""

import numpy as np
import torch

from golden_files import IGNORED, relative_error, save_json, save_tensors
from golden_gpt2 import BARE_WIDTH, HEADS, LAYERS, draw_batch, draw_parameters, evaluate, gradients, new_model, plain_logits
from golden_growth import grow, ligo, logits
from golden_second_order import products


def make(out):
    values = draw_parameters(BARE_WIDTH, 0.3, 20258, tied=False)
    new_model(torch.float32, values).save_pretrained(out / "gpt2/hf_untied")
    tokens, targets = draw_batch(np.random.default_rng(20251))
    model = new_model(torch.float64, values)
    truth, loss = evaluate(model, tokens, targets)
    assert relative_error(truth, plain_logits(values, tokens)) < 1e-13, "Hugging Face's float64 run is not all float64"
    tensors, _ = products(values, tokens, targets)

    twice = dict(residual=np.tile(np.arange(BARE_WIDTH), 2), heads=np.tile(np.arange(HEADS), 2),
                 hidden=np.tile(np.arange(4 * BARE_WIDTH), 2), layers=range(LAYERS))
    assert relative_error(logits(grow(values, **twice), 2 * HEADS, LAYERS, tokens), truth) < 1e-13, "copies twice"
    save_tensors(out / "gpt2/untied.safetensors", {
        "tokens": tokens, "targets": targets, "logits": truth, "loss": loss,
        "ligo": logits(ligo(values, 3, 4), 4, 3, tokens), **gradients(model), **tensors})
    save_json(out / "gpt2/untied.json", {"model": "hf_untied", "ignored": IGNORED})
