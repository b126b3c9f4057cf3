#!/usr/bin/env python3
"""The training step of bench/native/gpt2.cpp in PyTorch on one GPU: bf16 by autocast over fp32 weights, flash attention,
fused AdamW, as it is and compiled. A line of JSON each, named, sized and timed as there.

python3 bench/peers/gpu_gpt2.py [--tiny]        (--tiny tries the script on the CPU, at a small size, without times)
"""
import torch
from torch import nn
from torch.nn.functional import cross_entropy, gelu, scaled_dot_product_attention

from gpu_kernels import BF16, DEVICE, TINY, attempt, heads_of, measure

# layers, heads, width, context, batch, vocabulary, and that with the head's padding
SIZES = ({"tiny": (2, 2, 64, 33, 2, 67, 72)} if TINY else
         {"124m": (12, 12, 768, 1024, 64, 50257, 50304), "355m": (24, 16, 1024, 1024, 32, 50257, 50304)})


class Block(nn.Module):
    def __init__(self, heads, width):
        super().__init__()
        self.heads = heads
        self.norm, self.mlp_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.packed, self.mixed = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        heads = scaled_dot_product_attention(*heads_of(self.packed(self.norm(x)), self.heads), is_causal=True)
        x = x + self.mixed(heads.transpose(1, 2).reshape(x.shape))
        return x + self.narrow(gelu(self.wide(self.mlp_norm(x)), approximate="tanh"))


class Gpt2(nn.Module):
    def __init__(self, layers, heads, width, context, rows_of_table):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(rows_of_table, width), nn.Embedding(context, width)
        self.blocks = nn.ModuleList(Block(heads, width) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        for weight in self.parameters():
            if weight.dim() == 2:
                nn.init.normal_(weight, std=0.02)

    def forward(self, tokens, targets):
        x = self.tokens(tokens) + self.positions.weight
        for block in self.blocks:
            x = block(x)
        logits = self.norm(x) @ self.tokens.weight.t()
        return cross_entropy(logits.flatten(0, 1), targets.flatten())


def step(name, compiled):
    layers, heads, width, context, batch, vocab, padded = SIZES[name]
    model = Gpt2(layers, heads, width, context, padded).to(DEVICE)
    adamw = torch.optim.AdamW(model.parameters(), lr=6e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=not TINY)
    tokens, targets = (torch.randint(0, vocab, (batch, context), device=DEVICE) for _ in range(2))
    loss = torch.compile(model) if compiled else model

    def train():
        adamw.zero_grad(set_to_none=True)
        with torch.autocast(DEVICE, dtype=BF16):
            loss(tokens, targets).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adamw.step()

    parameters = sum(weight.numel() for weight in model.parameters())
    flops = (6 * parameters + 6 * layers * width * context) * batch * context
    measure(f"gpt2 {name} training step" + ", compiled" * compiled, (batch, context), "bf16", [train], flops=flops,
            tokens=batch * context)


if __name__ == "__main__":
    for name in SIZES:
        for compiled in (False,) if TINY else (False, True):
            attempt(name, lambda: step(name, compiled))
            if not TINY:
                torch.cuda.empty_cache()
