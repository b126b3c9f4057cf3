"""Makes the golden files that Gatun's tests compare with: what PyTorch and Hugging Face say.

    python make_golden.py            writes everything beside this script (about ten seconds)
    python make_golden.py --check    remakes everything in a temporary folder and compares; exit code 1 on a difference

Needs torch, transformers, safetensors and numpy. The project itself needs none of them: its tests read only the
committed files. README.md beside this script describes every file and field.

Why it is made this way:
  - The truth is computed in float64. It comes from Hugging Face's own GPT-2, and a second GPT-2 written out in golden_gpt2.py must
    agree with it, so that no float32 step hides in the library (its own loss, for one, casts logits to float32).
  - Beside the truth stand the errors of PyTorch's own float32 run, ||fp32 - fp64|| / ||fp64||. A test allows Gatun
    k times that error (2 forward, 3 gradients). One run is a fluke of its summation order, so each figure is the largest
    of RUNS runs. For the GPT-2 they are equal in exact arithmetic: batch rows and channels in another order. For a single
    op, which has no such order to change, the further runs are float64 with inputs and cotangent each moved by half a
    float32 unit: what rounding the inputs once would do. No figure of a single number is below FLOOR, none of a single
    op below half of it.
  - Everything is seeded (numpy's PCG64) and runs on one thread. --check still does not compare bytes: another BLAS, or
    the same one on another CPU, sums in another order and moves the last bits.
"""

import argparse
import json
import pathlib
import platform
import sys
import tempfile

import numpy as np
import safetensors.numpy
import torch
import transformers

import golden_gpt2
import golden_growth
import golden_second_order
import golden_optim
import golden_tensor_api
import golden_untied
from golden_files import relative_error, save_json

torch.set_num_threads(1)


def cpu_name():
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def make(out):
    golden_gpt2.make(out)
    golden_second_order.make(out)
    golden_growth.make(out)
    golden_untied.make(out)
    golden_tensor_api.make(out)
    golden_optim.make(out)
    save_json(out / "made_with.json", {
        "torch": torch.__version__, "transformers": transformers.__version__, "numpy": np.__version__,
        "cpu": cpu_name(), "instructions": torch.backends.cpu.get_cpu_capability()})


def compare_json(old, new, where, same_machine, problems):
    if type(old) is not type(new):
        problems.append(f"{where}: {old!r} was committed, {new!r} is made now")
    elif isinstance(old, dict):
        if old.keys() != new.keys():
            problems.append(f"{where}: other fields: {sorted(old.keys() ^ new.keys())}")
        for key in old.keys() & new.keys():
            if key not in ("transformers_version",):
                compare_json(old[key], new[key], f"{where}.{key}", same_machine, problems)
    elif isinstance(old, list):
        if len(old) != len(new):
            problems.append(f"{where}: {len(old)} entries were committed, {len(new)} are made now")
        for index, (a, b) in enumerate(zip(old, new)):
            compare_json(a, b, f"{where}[{index}]", same_machine, problems)
    elif isinstance(old, float):
        if "fp32_error" in where and not same_machine:
            # Rounding noise of another machine: all that can be asked is the same order of magnitude.
            fine = max(old, new) < 1e-6 or max(old, new) <= 4 * min(old, new)
        else:
            tolerance = 1e-6 if "fp32_error" in where else 1e-10
            fine = abs(old - new) <= tolerance * abs(old)
        if not fine:
            problems.append(f"{where}: {old!r} was committed, {new!r} is made now")
    elif old != new:
        problems.append(f"{where}: {old!r} was committed, {new!r} is made now")


def compare_tensors(old, new, where, problems):
    if old.keys() != new.keys():
        problems.append(f"{where}: other tensors: {sorted(old.keys() ^ new.keys())}")
    for key in sorted(old.keys() & new.keys()):
        a, b = old[key], new[key]
        if a.dtype != b.dtype or a.shape != b.shape:
            problems.append(f"{where} {key}: {a.dtype}{a.shape} was committed, {b.dtype}{b.shape} is made now")
        elif a.dtype.kind == "i":
            if not np.array_equal(a, b):
                problems.append(f"{where} {key}: other integers")
        else:
            if "adamw" in where:
                a, b = golden_gpt2.without_key_bias(key, a), golden_gpt2.without_key_bias(key, b)
            # what is float32 here is rounded from float64, so a last bit may turn
            tolerance = 1e-12 if a.dtype == np.float64 else 1e-7
            if (error := relative_error(b, a)) > tolerance:
                problems.append(f"{where} {key}: norm-relative difference {error:.2e}, allowed {tolerance:.0e}")


def check(committed):
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        fresh = pathlib.Path(folder)
        make(fresh)
        made = json.loads((fresh / "made_with.json").read_text())
        before = committed / "made_with.json"
        same_machine = before.exists() and json.loads(before.read_text()) == made
        if not same_machine:
            print(f"made on another machine or with other versions ({made} now): fp32 errors compared to a factor of 4")
        for path in sorted(p for p in fresh.rglob("*") if p.is_file()):
            name = str(path.relative_to(fresh))
            old = committed / name
            if not old.exists():
                problems.append(f"{name}: missing")
            elif name.endswith(".safetensors"):
                compare_tensors(safetensors.numpy.load_file(old), safetensors.numpy.load_file(path), name, problems)
            elif name != "made_with.json":
                compare_json(json.loads(old.read_text()), json.loads(path.read_text()), name, same_machine, problems)
        for folder_name in ("gpt2", "tensor_api"):
            for old in sorted(p for p in (committed / folder_name).rglob("*") if p.is_file()):
                if not (fresh / old.relative_to(committed)).exists():
                    problems.append(f"{old.relative_to(committed)}: this script does not make it")
    print("\n".join(problems) if problems else "the golden files are what this script makes")
    return 1 if problems else 0


def main():
    parser = argparse.ArgumentParser(description="Makes Gatun's golden files.")
    parser.add_argument("--check", action="store_true", help="remake in a temporary folder and compare")
    here = pathlib.Path(__file__).resolve().parent
    if parser.parse_args().check:
        return check(here)
    make(here)
    return 0


if __name__ == "__main__":
    sys.exit(main())
