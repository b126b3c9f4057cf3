#!/usr/bin/env python3
"""What Gatun does on the CPU, by PyTorch: the peer of `./gatun bench pytorch`.

python -m venv .venv && .venv/bin/pip install torch transformers
yes 1 | head -9 | .venv/bin/python bench/peers/pytorch.py WORK NAME [--threads N]

first says who it is, then reads a line for each measurement, how many runs it is to take, and answers with the median of
their microseconds. WORK is

    step                of training: loss, gradient, clipping, AdamW
    gradient            of the loss
    gradientAndProduct  the same with the Hessian times a vector; attention is written out in both, since PyTorch's
                        fused attention has no double backward
    attention           forward and backward, causal; NAME is BATCHxHEADSxCONTEXTxSIZE
    adamw               without clipping; NAME is the number of weights

NAME is linears or the name of a GPT below; one that ends in -bf16 has its products in bf16, by autocast, over weights in
fp32. With --start, numbers of Gatun's in fp32, it also says in a second line what must come of them: of the linears the
loss and by how much a step makes it smaller, of weights and gradients how far two steps of AdamW move the weights.
"""
import argparse
import statistics
import sys
import time

import torch
from transformers import GPT2Config, GPT2LMHeadModel

# layers, heads, width, batch, context, vocabulary
GPTS = {
    "gpt-2x2x64": (2, 2, 64, 1, 16, 256),
    "gpt2-124m": (12, 12, 768, 4, 64, 50257),
    "gpt2-14m": (6, 6, 384, 8, 256, 8192),
    "gpt2-1k-context": (4, 8, 512, 2, 1024, 4096),
}


def gpt_loss(name, attention):
    narrow = name.endswith("-bf16")
    layers, heads, width, batch, context, vocabulary = GPTS[name.removesuffix("-bf16")]
    config = GPT2Config(n_layer=layers, n_head=heads, n_embd=width, n_positions=context, vocab_size=vocabulary,
                        resid_pdrop=0, embd_pdrop=0, attn_pdrop=0, attn_implementation=attention)
    model = GPT2LMHeadModel(config).train()
    tokens = torch.randint(0, vocabulary, (batch, context))

    def loss():
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=narrow):
            return model(tokens, labels=tokens).loss

    return list(model.parameters()), loss


def linears():
    return torch.nn.Sequential(*(torch.nn.Linear(16, 16) for _ in range(9)))


def linears_loss():
    """Nine linear layers of 16 by 16 on 8 rows, the mean squared error."""
    model = linears()
    x, y = torch.rand(8, 16) * 2 - 1, torch.rand(8, 16) * 2 - 1
    return list(model.parameters()), lambda: torch.nn.functional.mse_loss(model(x), y)


def step(name):
    return step_of(*(linears_loss() if name == "linears" else gpt_loss(name, "sdpa")))


def step_of(parameters, loss):
    adamw = torch.optim.AdamW(parameters, lr=1e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=True)

    def run():
        adamw.zero_grad(set_to_none=True)
        loss().backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        adamw.step()

    return run


def gradient(name):
    weights, loss = gpt_loss(name, "eager")
    return lambda: torch.autograd.grad(loss(), weights)


def gradient_and_product(name):
    weights, loss = gpt_loss(name, "eager")
    probe = [torch.randint_like(weight, 0, 2) * 2 - 1 for weight in weights]

    def run():
        gradients = torch.autograd.grad(loss(), weights, create_graph=True)
        torch.autograd.grad(sum((g * u).sum() for g, u in zip(gradients, probe)), weights)

    return run


def attention(name):
    sizes = tuple(int(size) for size in name.split("x"))
    q, k, v = (torch.randn(sizes, requires_grad=True) for _ in range(3))
    dout = torch.randn(sizes)

    def run():
        out = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        torch.autograd.grad(out, (q, k, v), dout)

    return run


def adamw(name):
    weights = torch.nn.Parameter(torch.randn(int(name)))
    weights.grad = 1e-3 * torch.randn(int(name))
    return adamw_of(weights)


def adamw_of(weights):
    return torch.optim.AdamW([weights], lr=1e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=True).step


def found_by_step(start):
    """Of the layers' weights, (in, out) as Gatun has them, each with its bias behind, and of x and y."""
    model = linears()
    layers, (x, y) = start[:9 * 272].view(9, 272), start[9 * 272:].view(2, 8, 16)
    with torch.no_grad():
        for layer, numbers in zip(model, layers):
            layer.weight.copy_(numbers[:256].view(16, 16).T)
            layer.bias.copy_(numbers[256:])

    def loss():
        return torch.nn.functional.mse_loss(model(x), y)

    before = loss().item()
    step_of(list(model.parameters()), loss)()
    return [before, before - loss().item()]


def found_by_adamw(start):
    before, gradients = start.view(2, -1)
    weights = torch.nn.Parameter(before.clone())
    weights.grad = gradients.clone()
    run = adamw_of(weights)
    for _ in range(2):
        run()
    return (weights.detach().double() - before.double()).tolist()


FOUND = {"step": found_by_step, "adamw": found_by_adamw}

WORKS = {"step": step, "gradient": gradient, "gradientAndProduct": gradient_and_product, "attention": attention,
         "adamw": adamw}


def median(run, runs):
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        run()
        taken.append((time.perf_counter() - start) * 1e6)
    return statistics.median(taken)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", choices=WORKS)
    parser.add_argument("name")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--start", metavar="FILE")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    run = WORKS[options.work](options.name)
    print("PyTorch " + torch.__version__, flush=True)
    if options.start:
        with open(options.start, "rb") as file:
            start = torch.frombuffer(bytearray(file.read()), dtype=torch.float32)
        print(*FOUND[options.work](start), flush=True)
    for line in sys.stdin:
        print(round(median(run, int(line)), 3), flush=True)


if __name__ == "__main__":
    main()
