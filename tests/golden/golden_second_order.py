"""The golden files of second order: Hessian and Gauss-Newton matrix of GPT-2's loss, each times a vector, in float64."""

import numpy as np
import torch

from golden_files import IGNORED, array, save_json, save_tensors
from golden_gpt2 import WIDTH, draw_batch, draw_parameters, mean_loss, new_model


def direction_of(values):
    """Element i of each parameter is ((7919 i + 13) mod 1024 - 512) / 512: the tests make it again, so it is not stored."""
    return {name: ((7919 * np.arange(value.size, dtype=np.int64) + 13) % 1024 - 512).reshape(value.shape) / 512
            for name, value in values.items()}


def hessian_product(model, tokens, targets, direction):
    """By a backward walk through the backward walk."""
    parameters = list(model.parameters())
    loss = mean_loss(model(tokens).logits, targets)
    gradients = torch.autograd.grad(loss, parameters, create_graph=True)
    return torch.autograd.grad(sum((g * v).sum() for g, v in zip(gradients, direction)), parameters)


def gauss_newton_product(model, tokens, targets, direction):
    """J^T H J v, with J the logits by the parameters and H the loss by the logits: J v by the transpose of a transpose."""
    parameters = list(model.parameters())
    logits = model(tokens).logits
    dummy = torch.zeros_like(logits, requires_grad=True)
    transposed = torch.autograd.grad(logits, parameters, dummy, create_graph=True)
    moved, = torch.autograd.grad(transposed, dummy, direction, retain_graph=True)
    with torch.no_grad():
        counts = torch.from_numpy(targets != IGNORED)
        p = torch.softmax(logits, -1)
        curved = p * (moved - (p * moved).sum(-1, keepdim=True)) * counts[..., None] / counts.sum()
    return torch.autograd.grad(logits, parameters, curved)


def products(values, tokens, targets):
    """Both, by name, and what the direction makes of each."""
    direction = direction_of(values)
    model = new_model(torch.float64, values)
    names = [name for name, _ in model.named_parameters()]
    vector = [torch.from_numpy(direction[name]) for name in names]
    ids = torch.from_numpy(tokens.astype(np.int64))
    hessian = hessian_product(model, ids, targets, vector)
    gauss_newton = gauss_newton_product(model, ids, targets, vector)
    curvature = [sum(float((v * p).sum()) for v, p in zip(vector, parts)) for parts in (hessian, gauss_newton)]
    return {**{"hessian." + name: array(part) for name, part in zip(names, hessian)},
            **{"gauss_newton." + name: array(part) for name, part in zip(names, gauss_newton)}}, curvature


def make(out):
    tokens, targets = draw_batch(np.random.default_rng(20251))
    tensors, curvature = products(draw_parameters(WIDTH, 0.08, 20250), tokens, targets)
    save_tensors(out / "gpt2/second_order.safetensors", {"tokens": tokens, "targets": targets, **tensors})
    save_json(out / "gpt2/second_order.json", {
        "model": "hf", "ignored": IGNORED, "direction_hessian_direction": curvature[0],
        "direction_gauss_newton_direction": curvature[1]})
