"""Loads a checkpoint that Gatun wrote with Hugging Face's GPT-2 and prints its loss on a token file.

    python check_ours.py DIR TOKENS [--context T] [--batch B] [--batches K] [--bytes] [--dtype float64] [--expect LOSS]

TOKENS is a raw uint16 .bin (nanoGPT), or with --bytes any file, read as byte tokens. The windows are those of
`gatun evaluate`: B*K consecutive windows of T+1 tokens from the first token on, each starting T after the last. The loss
is the mean over all targets, with 7 digits. Exit code 1 if a key is missing, unexpected or of another shape, or if the
loss is further than 1e-4 from --expect. Needs torch and transformers; no test of the project runs it.
"""

import argparse
import os
import pathlib
import sys

os.environ["HF_HUB_OFFLINE"] = "1"

import numpy as np
import torch
import transformers
from torch.nn import functional as F

ALLOWED = 1e-4


def load(folder, dtype):
    model, report = transformers.GPT2LMHeadModel.from_pretrained(folder, dtype=dtype, output_loading_info=True)
    for what in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs"):
        if report.get(what):
            sys.exit(f"{folder}: Hugging Face reports {what}: {sorted(map(str, report[what]))}")
    return model.eval()


def mean_loss(model, tokens, context, batch, batches):
    needed = batch * batches * context + 1
    if len(tokens) < needed:
        sys.exit(f"{batch} x {batches} windows of {context} tokens need {needed} tokens; the file has {len(tokens)}")
    if tokens[:needed].max() >= model.config.vocab_size:
        sys.exit(f"token {tokens[:needed].max()} is outside the model's vocabulary of {model.config.vocab_size}")
    total = 0.0
    with torch.no_grad():
        for index in range(batches):
            starts = (index * batch + np.arange(batch)) * context
            window = torch.from_numpy(np.stack([tokens[s:s + context + 1] for s in starts]).astype(np.int64))
            logits = model(window[:, :-1]).logits
            losses = F.cross_entropy(logits.reshape(-1, logits.shape[-1]), window[:, 1:].reshape(-1), reduction="none")
            total += losses.double().sum().item()
    return total / (batch * batches * context)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", metavar="DIR", type=pathlib.Path)
    parser.add_argument("tokens", metavar="TOKENS", type=pathlib.Path)
    parser.add_argument("--context", type=int, help="default: the model's")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--batches", type=int, default=1)
    parser.add_argument("--bytes", action="store_true", help="the file's bytes are the tokens")
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float32")
    parser.add_argument("--expect", type=float, metavar="LOSS", help=f"fail if further than {ALLOWED} from this")
    options = parser.parse_args()

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    model = load(options.model, getattr(torch, options.dtype))
    tokens = np.fromfile(options.tokens, np.uint8 if options.bytes else "<u2")
    context = options.context or model.config.n_positions
    loss = mean_loss(model, tokens, context, options.batch, options.batches)
    print(f"loss {loss:.7f} over {options.batch * options.batches * context} tokens")
    # not (…<=…), so that a loss which is not a number fails too
    if options.expect is not None and not abs(loss - options.expect) <= ALLOWED:
        print(f"expected {options.expect:.7f}: off by {loss - options.expect:+.2e}, allowed {ALLOWED}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
