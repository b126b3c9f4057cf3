#!/usr/bin/env python3
"""One training step in PyTorch on the CPU, the peer of the bench `steps`: the median of some steps after as many.

python -m venv .venv && .venv/bin/pip install torch transformers
.venv/bin/python bench/peers/train_step.py [linears] [gpt-2x2x64] [gpt2-14m] [gpt2-124m] [gpt2-1k-context] [--threads N]

A name that ends in -bf16 has its products in bf16, by autocast, over weights in fp32.
"""
import argparse
import json
import statistics
import time

import torch
from transformers import GPT2Config, GPT2LMHeadModel

# layers, heads, width, batch, context, vocabulary
SIZES = {
    "gpt-2x2x64": (2, 2, 64, 1, 16, 256),
    "gpt2-124m": (12, 12, 768, 4, 64, 50257),
    "gpt2-14m": (6, 6, 384, 8, 256, 8192),
    "gpt2-1k-context": (4, 8, 512, 2, 1024, 4096),
}


# Steps below so many milliseconds are counted by the thousand.
SMALL_MS, SMALL_STEPS, STEPS = 20, 1000, 9


def gpt_loss(name):
    narrow = name.endswith("-bf16")
    layers, heads, width, batch, context, vocabulary = SIZES[name.removesuffix("-bf16")]
    config = GPT2Config(n_layer=layers, n_head=heads, n_embd=width, n_positions=context, vocab_size=vocabulary,
                        resid_pdrop=0, embd_pdrop=0, attn_pdrop=0, attn_implementation="sdpa")
    model = GPT2LMHeadModel(config).train()
    tokens = torch.randint(0, vocabulary, (batch, context))

    def loss():
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=narrow):
            return model(tokens, labels=tokens).loss

    return model.parameters(), loss


def linears_loss():
    """Nine linear layers of 16 by 16 on 8 rows, the mean squared error."""
    model = torch.nn.Sequential(*(torch.nn.Linear(16, 16) for _ in range(9)))
    x, y = torch.rand(8, 16) * 2 - 1, torch.rand(8, 16) * 2 - 1
    return model.parameters(), lambda: torch.nn.functional.mse_loss(model(x), y)


def step_times(name):
    parameters, loss = linears_loss() if name == "linears" else gpt_loss(name)
    parameters = list(parameters)
    adamw = torch.optim.AdamW(parameters, lr=1e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=True)

    def step():
        start = time.perf_counter()
        adamw.zero_grad(set_to_none=True)
        loss().backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        adamw.step()
        return (time.perf_counter() - start) * 1e3

    steps = SMALL_STEPS if min(step() for _ in range(3)) < SMALL_MS else STEPS
    for _ in range(steps):
        step()
    return [step() for _ in range(steps)]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", help="of linears, " + ", ".join(SIZES))
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    for name in options.sizes or ["gpt2-124m", "gpt2-14m"]:
        times = step_times(name)
        print(json.dumps({"peer": "torch " + torch.__version__, "what": "step", "size": name, "threads": options.threads,
                          "ms": round(statistics.median(times), 4), "min": round(min(times), 4),
                          "max": round(max(times), 4)}), flush=True)


if __name__ == "__main__":
    main()
