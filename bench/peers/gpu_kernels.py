#!/usr/bin/env python3
"""The work of bench/native/kernels.cpp in PyTorch on one GPU, named, sized and timed as there: a line of JSON each.

python3 bench/peers/gpu_kernels.py [--tiny]        (--tiny tries the script on the CPU, at small sizes, without times)
"""
import json
import math
import statistics
import sys

import torch
from torch.autograd import forward_ad
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import cross_entropy, embedding, gelu, layer_norm, linear, scaled_dot_product_attention

TINY = "--tiny" in sys.argv
DEVICE = "cpu" if TINY else "cuda"
BF16, FP32 = torch.bfloat16, torch.float32
torch.manual_seed(7)
# Attention that is written out would else compute in fp32 what comes in bf16.
torch.backends.cuda.allow_fp16_bf16_reduction_math_sdp(True)


def sized(full, small):
    return small if TINY else full


def normals(*shape, dtype=BF16):
    return torch.randn(*shape, device=DEVICE, dtype=dtype)


def batch_time(calls, count):
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    start.record()
    for i in range(count):
        calls[i % len(calls)]()
    end.record()
    end.synchronize()
    return start.elapsed_time(end) / count


def measure(what, shape, dtype, calls, bytes=0, flops=0, **counts):
    """The median of nine batches, each as many calls as fill ten milliseconds."""
    row = {"by": "torch " + torch.__version__, "what": what, "shape": " x ".join(map(str, shape)), "dtype": dtype}
    for _ in range(1 if TINY else 3):
        for call in calls:
            call()
    if TINY:
        row["ms"] = None
    else:
        torch.cuda.synchronize()
        turns = min(2000, max(1, 10 / batch_time(calls, len(calls))))
        times = [batch_time(calls, math.ceil(turns / len(calls)) * len(calls)) for _ in range(9)]
        row |= {"ms": round(statistics.median(times), 5), "min": round(min(times), 5), "max": round(max(times), 5)}
    print(json.dumps(row | {"bytes": bytes, "flops": flops} | counts, separators=(",", ":")), flush=True)


def in_turns(bytes, make):
    """Calls with arrays of their own, so many that no cache holds them."""
    return [make() for _ in range(2 if TINY else min(64, math.ceil((256 << 20) / bytes)))]


def attempt(what, work):
    """What needs a compiler may fail; that loses its own rows alone."""
    try:
        work()
    except Exception as failure:
        print(f"{what}: {failure}", file=sys.stderr)


def copy():
    n = sized(2 << 30, 1 << 12)
    a, b = normals(n // 4, dtype=FP32), normals(n // 4, dtype=FP32)
    measure("copy", [f"{n} bytes"], "", [lambda: b.copy_(a)], bytes=2 * n)


def norms():
    r, c = sized(65536, 9), sized(768, 64)
    n = r * c
    w, b = normals(c).requires_grad_(), normals(c).requires_grad_()

    def plain(x, residual):
        return layer_norm(x, (c,), w, b)

    def fused(x, residual):
        total = x + residual
        return total, layer_norm(total, (c,), w, b)

    def forward(function):
        def make():
            x, residual = normals(r, c), normals(r, c)
            return lambda: function(x, residual)
        return make

    def pullback(function, inputs):
        def make():
            x, residual = normals(r, c).requires_grad_(), normals(r, c).requires_grad_()
            outputs = function(x, residual)
            outputs = outputs if isinstance(outputs, tuple) else (outputs,)
            cotangents = [normals(r, c) for _ in outputs]
            wanted = (x, residual)[:inputs] + (w, b)
            return lambda: torch.autograd.grad(outputs, wanted, cotangents, retain_graph=True)
        return make

    with torch.no_grad():
        measure("layernorm forward", (r, c), "bf16", in_turns(4 * n, forward(plain)), bytes=4 * n)
        measure("residual+layernorm forward", (r, c), "bf16", in_turns(8 * n, forward(fused)), bytes=8 * n)
    measure("layernorm pullback", (r, c), "bf16", in_turns(6 * n, pullback(plain, 1)), bytes=6 * n)
    measure("residual+layernorm pullback", (r, c), "bf16", in_turns(10 * n, pullback(fused, 2)), bytes=10 * n)


def gelus():
    r, c = sized(65536, 9), sized(3072, 64)
    x, dy = normals(r, c).requires_grad_(), normals(r, c)
    with torch.no_grad():
        measure("gelu forward", (r, c), "bf16", [lambda: gelu(x, approximate="tanh")], bytes=4 * r * c)
    y = gelu(x, approximate="tanh")
    measure("gelu pullback", (r, c), "bf16", [lambda: torch.autograd.grad(y, x, dy, retain_graph=True)],
            bytes=6 * r * c)


def embeddings():
    batch, context, c, v = sized(64, 2), sized(1024, 5), sized(768, 64), sized(50304, 17)
    table, positions = normals(v, c).requires_grad_(), normals(context, c).requires_grad_()
    tokens = torch.randint(0, v, (batch, context), device=DEVICE)
    dy = normals(batch, context, c)
    with torch.no_grad():
        measure("embedding forward", (batch, context, c), "bf16", [lambda: embedding(tokens, table) + positions],
                bytes=2 * batch * context * c)
    y = embedding(tokens, table) + positions
    measure("embedding pullback", (batch, context, c), "bf16",
            [lambda: torch.autograd.grad(y, (table, positions), dy, retain_graph=True)],
            bytes=2 * batch * context * c + 4 * c * (v + context))


def losses():
    r, v = sized(65536, 5), sized(50304, 72)
    logits, targets = normals(r, v).requires_grad_(), torch.randint(0, v, (r,), device=DEVICE)

    def loss_and_gradient(logits, targets):
        return torch.autograd.grad(cross_entropy(logits, targets), logits)

    name = "cross-entropy and gradient over the logits"
    measure(name, (r, v), "bf16", [lambda: loss_and_gradient(logits, targets)], bytes=4 * r * v)
    compiled = torch.compile(lambda logits, targets: cross_entropy(logits, targets))
    if not TINY:
        measure(name + ", compiled", (r, v), "bf16",
                [lambda: torch.autograd.grad(compiled(logits, targets), logits)], bytes=4 * r * v)


def optimizer():
    n = sized(124475904, 4099)
    weights = torch.nn.Parameter(normals(n, dtype=FP32))
    weights.grad = normals(n, dtype=FP32)
    adamw = torch.optim.AdamW([weights], lr=1e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=not TINY)
    measure("adamw", (n,), "fp32", [adamw.step], bytes=28 * n)


def products():
    def product(what, size, dtype, name, turn=lambda a, b: (a, b)):
        def make():
            a, b = turn(normals(size, size, dtype=dtype), normals(size, size, dtype=dtype))
            return lambda: a @ b
        bytes = 3 * size * size * (2 if dtype == BF16 else 4)
        measure(what, (size,) * 3, name, in_turns(bytes, make), bytes=bytes, flops=2 * size**3)

    for size in (4096, 6144, 8192):
        product("product", sized(size, size // 64), BF16, "bf16")
    product("product, second factor transposed", sized(4096, 64), BF16, "bf16", lambda a, b: (a, b.t()))
    product("product, first factor transposed", sized(4096, 64), BF16, "bf16", lambda a, b: (a.t(), b))
    product("product", sized(4096, 64), FP32, "fp32")
    r, i, o = sized(65536, 65), sized(768, 40), sized(3072, 72)
    x, w, b = normals(r, i), normals(i, o), normals(o)
    measure("linear with gelu", (r, i, o), "bf16", [lambda: gelu(torch.addmm(b, x, w), approximate="tanh")],
            bytes=2 * (r * (i + 2 * o) + i * o), flops=2 * r * i * o)


def heads_of(qkv, heads):
    """Queries, keys and values (batch, heads, context, head_size) of a packed array, where they lie."""
    batch, context, width = qkv.shape
    return qkv.view(batch, context, 3, heads, width // 3 // heads).permute(2, 0, 3, 1, 4)


def attentions():
    def attention(context, head_size, causal):
        batch, heads = sized(16384 // context, 1), sized(2048 // head_size, 2)
        n, cols = batch * context * heads * head_size, heads * head_size
        product = 2 * n * context // (2 if causal else 1)
        name, shape = ", causal" if causal else "", (batch, context, heads, head_size)
        qkv = normals(batch, context, 3 * cols).requires_grad_()

        def forward():
            return scaled_dot_product_attention(*heads_of(qkv, heads), is_causal=causal)

        def without_tape():
            with torch.no_grad():
                forward()

        y = forward()
        dy = torch.randn_like(y)
        measure("attention forward" + name, shape, "bf16", [without_tape], bytes=8 * n, flops=2 * product)
        measure("attention pullback" + name, shape, "bf16",
                [lambda: torch.autograd.grad(y, qkv, dy, retain_graph=True)], bytes=16 * n, flops=5 * product)
        measure("attention forward and pullback" + name, shape, "bf16",
                [lambda: torch.autograd.grad(forward(), qkv, dy)], bytes=24 * n, flops=7 * product)

    for head_size in (64, 128):
        for causal in (True, False):
            for context in [65] if TINY else [512 << i for i in range(6)]:
                attention(context, head_size, causal)


def second_order_of_attentions():
    """Forward with its tangent, and gradient with Hessian-vector product: PyTorch has them of the attention that it
    writes out, with all its scores in memory, alone."""
    def calls(qkv, tqkv, dy, tdy, heads, causal):
        def forward(qkv):
            with sdpa_kernel(SDPBackend.MATH):
                return scaled_dot_product_attention(*heads_of(qkv, heads), is_causal=causal)

        def with_tangent():
            with torch.no_grad(), forward_ad.dual_level():
                return forward_ad.unpack_dual(forward(forward_ad.make_dual(qkv, tqkv)))

        def with_product():
            x = qkv.detach().requires_grad_()
            y = forward(x)
            gradient, = torch.autograd.grad(y, x, dy, create_graph=True)
            # Of what moves with x, and of what moves with dy, in one walk back.
            product, = torch.autograd.grad((gradient, y), x, (tqkv, tdy))
            return gradient, product

        return with_tangent, with_product

    def require_slope(causal, step=1e-4):
        """The tangents in fp64 beside how far their primals move."""
        qkv, tqkv = (normals(1, 7, 3 * 8, dtype=torch.float64) for _ in range(2))
        dy, tdy = (normals(1, 2, 7, 4, dtype=torch.float64) for _ in range(2))
        tangent, product = (call()[1] for call in calls(qkv, tqkv, dy, tdy, 2, causal))
        ends = [[call()[0] for call in calls(qkv + by * tqkv, tqkv, dy + by * tdy, tdy, 2, causal)]
                for by in (step, -step)]
        for found, ahead, behind in zip((tangent, product), *ends):
            torch.testing.assert_close(found, (ahead - behind) / (2 * step), rtol=1e-4, atol=1e-6)

    def attention(context, head_size, causal):
        batch, heads = sized(16384 // context, 1), sized(2048 // head_size, 2)
        n, cols = batch * context * heads * head_size, heads * head_size
        product = 2 * n * context // (2 if causal else 1)
        name, shape = ", causal" if causal else "", (batch, context, heads, head_size)
        qkv, tqkv = normals(batch, context, 3 * cols), normals(batch, context, 3 * cols)
        dy, tdy = normals(batch, heads, context, head_size), normals(batch, heads, context, head_size)
        with_tangent, with_product = calls(qkv, tqkv, dy, tdy, heads, causal)
        measure("attention forward and tangent" + name, shape, "bf16", [with_tangent], bytes=24 * n, flops=6 * product)
        measure("attention gradient and HVP" + name, shape, "bf16", [with_product], bytes=66 * n, flops=23 * product)

    for causal in (True, False):
        require_slope(causal)
        for head_size in (64, 128):
            # Scores of longer sequences are more than a GPU's memory holds.
            for context in [65] if TINY else [512, 1024, 2048, 4096]:
                attempt(f"attention {context}", lambda: attention(context, head_size, causal))


def blocks():
    batch, context, heads, head_size = sized(64, 1), sized(1024, 33), sized(12, 2), 64
    rows, cols = batch * context, heads * head_size
    hidden = 4 * cols
    x, norm, bias = normals(batch, context, cols), normals(cols), normals(hidden)
    w_in, w_out, w_qkv, w_mixed = (normals(*s) for s in ((hidden, cols), (cols, hidden), (3 * cols, cols), (cols, cols)))

    def mlp():
        normed = layer_norm(x, (cols,), norm, norm)
        return x + linear(gelu(linear(normed, w_in, bias), approximate="tanh"), w_out, norm)

    def attention():
        qkv = linear(layer_norm(x, (cols,), norm, norm), w_qkv, bias[:3 * cols])
        mixed = scaled_dot_product_attention(*heads_of(qkv, heads), is_causal=True)
        return x + linear(mixed.transpose(1, 2).reshape(batch, context, cols), w_mixed, norm)

    n = rows * cols
    for name, shape, function, flops in (
            ("mlp block forward", (rows, cols, hidden), mlp, 4 * n * hidden),
            ("attention block forward, causal", (batch, context, heads, head_size), attention,
             8 * n * cols + 2 * n * context)):
        with torch.no_grad():
            measure(name, shape, "bf16", [function], bytes=4 * n, flops=flops)
            if not TINY:
                measure(name + ", compiled", shape, "bf16", [torch.compile(function)], bytes=4 * n, flops=flops)


if __name__ == "__main__":
    for work in (copy, norms, gelus, embeddings, losses, optimizer, products, attentions,
                 second_order_of_attentions, blocks):
        attempt(work.__name__, work)
        if not TINY:
            torch.cuda.empty_cache()
