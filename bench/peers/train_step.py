#!/usr/bin/env python3
"""One training step of GPT-2 in PyTorch on the CPU, the peer of the bench TrainStep: median of 9 steps after 3.

python -m venv .venv && .venv/bin/pip install torch transformers
.venv/bin/python bench/peers/train_step.py [gpt2-124m] [gpt2-14m] [gpt2-1k-context] [--threads N]
"""
import argparse
import json
import statistics
import time

import torch
from transformers import GPT2Config, GPT2LMHeadModel

# layers, heads, width, batch, context, vocabulary
SIZES = {
    "gpt2-124m": (12, 12, 768, 4, 64, 50257),
    "gpt2-14m": (6, 6, 384, 8, 256, 8192),
    "gpt2-1k-context": (4, 8, 512, 2, 1024, 4096),
}


def step_times(name, warm=3, counted=9):
    layers, heads, width, batch, context, vocabulary = SIZES[name]
    config = GPT2Config(n_layer=layers, n_head=heads, n_embd=width, n_positions=context, vocab_size=vocabulary,
                        resid_pdrop=0, embd_pdrop=0, attn_pdrop=0, attn_implementation="sdpa")
    model = GPT2LMHeadModel(config).train()
    adamw = torch.optim.AdamW(model.parameters(), lr=3e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    times = []
    for i in range(warm + counted):
        tokens = torch.randint(0, vocabulary, (batch, context))
        start = time.perf_counter()
        adamw.zero_grad(set_to_none=True)
        model(tokens, labels=tokens).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adamw.step()
        if i >= warm:
            times.append((time.perf_counter() - start) * 1e3)
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", help="of " + ", ".join(SIZES))
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    for name in options.sizes or ["gpt2-124m", "gpt2-14m"]:
        times = step_times(name)
        print(json.dumps({"peer": "torch " + torch.__version__, "size": name, "threads": options.threads,
                          "ms": round(statistics.median(times), 1), "min": round(min(times), 1),
                          "max": round(max(times), 1)}), flush=True)


if __name__ == "__main__":
    main()
