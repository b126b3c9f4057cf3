#!/usr/bin/env python3
"""The walks of bench/native/hvp.cpp in PyTorch on one GPU: the gradient of GPT-2, with flash attention and with attention
written out; and gradient and Hessian-vector product by double backward, which flash attention does not have. bf16 by
autocast over fp32 weights. A line of JSON each, named, sized and timed as there.

python3 bench/peers/gpu_hvp.py [--tiny]        (--tiny tries the script on the CPU, at a small size, without times)
"""
from contextlib import nullcontext

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from gpu_gpt2 import Gpt2
from gpu_kernels import BF16, DEVICE, TINY, attempt, measure

TINY_SIZE = (2, 2, 64, 33, 2, 67, 72)
# layers, heads, width, context, batch, vocabulary, and that with the head's padding
SIZES = ([("tiny", TINY_SIZE)] if TINY else
         [("124m", (12, 12, 768, 1024, 4, 50257, 50304)), ("124m", (12, 12, 768, 4096, 1, 50257, 50304))])


class Walks:
    def __init__(self, size, dtype=BF16):
        layers, heads, width, context, batch, vocab, padded = size
        self.model = Gpt2(layers, heads, width, context, padded).to(DEVICE)
        self.weights = list(self.model.parameters())
        self.tokens, self.targets = (torch.randint(0, vocab, (batch, context), device=DEVICE) for _ in range(2))
        self.direction = [torch.randint_like(weight, 0, 2) * 2 - 1 for weight in self.weights]
        self.dtype = dtype

    def loss(self, written_out):
        attention = sdpa_kernel(SDPBackend.MATH) if written_out else nullcontext()
        with attention, torch.autocast(DEVICE, dtype=BF16, enabled=self.dtype == BF16):
            return self.model(self.tokens, self.targets)

    def gradient(self, written_out=False):
        return torch.autograd.grad(self.loss(written_out), self.weights)

    def gradient_and_product(self):
        gradient = torch.autograd.grad(self.loss(True), self.weights, create_graph=True)
        return gradient, torch.autograd.grad(gradient, self.weights, self.direction)

    def move(self, step):
        with torch.no_grad():
            for weight, along in zip(self.weights, self.direction):
                weight += step * along

    def parameters(self):
        return sum(weight.numel() for weight in self.weights)


def require_slope_of_gradient(step=1e-4):
    """The product in fp32 beside how far the gradient moves."""
    walks = Walks(TINY_SIZE, dtype=torch.float32)
    product = walks.gradient_and_product()[1]
    walks.move(step)
    ahead = walks.gradient()
    walks.move(-2 * step)
    behind = walks.gradient()
    product, ahead, behind = (torch.cat([part.flatten() for part in parts]) for parts in (product, ahead, behind))
    slope = (ahead - behind) / (2 * step)
    error = ((product - slope).norm() / slope.norm()).item()
    if not error <= 1e-2:
        raise ArithmeticError(f"the product beside the gradient's slope: off by {error}")


def time_walks(name, size):
    layers, _, width, context, batch, *_ = size
    walks, shape = Walks(size), (batch, context)
    flops = (6 * walks.parameters() + 6 * layers * width * context) * batch * context
    counts = {"tokens": batch * context}
    measure(f"gpt2 {name} gradient", shape, "bf16", [walks.gradient], flops=flops, **counts)
    measure(f"gpt2 {name} gradient, attention written out", shape, "bf16", [lambda: walks.gradient(True)], flops=flops,
            **counts)
    measure(f"gpt2 {name} gradient and HVP", shape, "bf16", [walks.gradient_and_product], flops=3 * flops, **counts)


if __name__ == "__main__":
    require_slope_of_gradient()
    for name, size in SIZES:
        attempt(f"{name} {size}", lambda: time_walks(name, size))
        if not TINY:
            torch.cuda.empty_cache()
