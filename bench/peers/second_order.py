#!/usr/bin/env python3
"""The gradient of GPT-2, and gradient and Hessian-vector product together, in PyTorch on the CPU: the peer of the bench
`hvp`, median of 5 after 2. Attention is written out, since fused attention has no double backward there.

.venv/bin/python bench/peers/second_order.py [gpt2-14m] [gpt2-1k-context] [--threads N]
"""
import argparse
import json
import statistics
import time

import torch
from transformers import GPT2Config, GPT2LMHeadModel

from train_step import SIZES


def times(work, warm=2, counted=5):
    taken = []
    for i in range(warm + counted):
        start = time.perf_counter()
        work()
        if i >= warm:
            taken.append((time.perf_counter() - start) * 1e3)
    return taken


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", help="of " + ", ".join(SIZES))
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    for name in options.sizes or ["gpt2-14m", "gpt2-1k-context"]:
        layers, heads, width, batch, context, vocabulary = SIZES[name]
        config = GPT2Config(n_layer=layers, n_head=heads, n_embd=width, n_positions=context, vocab_size=vocabulary,
                            resid_pdrop=0, embd_pdrop=0, attn_pdrop=0, attn_implementation="eager")
        model = GPT2LMHeadModel(config).train()
        tokens = torch.randint(0, vocabulary, (batch, context))
        weights = list(model.parameters())
        probe = [torch.randint_like(weight, 0, 2) * 2 - 1 for weight in weights]

        def gradient():
            torch.autograd.grad(model(tokens, labels=tokens).loss, weights)

        def gradient_and_product():
            gradients = torch.autograd.grad(model(tokens, labels=tokens).loss, weights, create_graph=True)
            torch.autograd.grad(sum((g * u).sum() for g, u in zip(gradients, probe)), weights)

        for what, work in (("gradient", gradient), ("gradientAndProduct", gradient_and_product)):
            taken = times(work)
            print(json.dumps({"peer": "torch " + torch.__version__, "what": what, "size": name,
                              "threads": options.threads, "ms": round(statistics.median(taken), 1),
                              "min": round(min(taken), 1), "max": round(max(taken), 1)}), flush=True)


if __name__ == "__main__":
    main()
