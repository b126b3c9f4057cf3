"""Ten steps of Sophia and of Lion from their papers' formulas, and of Sophia as in its authors' code, in NumPy:
optim/steps.json and optim/steps.safetensors."""

import numpy as np

from golden_files import RUNS, largest, relative_error, save_json, save_tensors

COUNT, DECAYED, STEPS = 96, 40, 10
REFRESHED_BEFORE = [0, 4, 7]  # the steps before which h is refreshed
LABELS = 37
RATES = [0.02, 0.04, 0.06, 0.06, 0.05, 0.05, 0.04, 0.03, 0.02, 0.01]

SOPHIA = {"optimizer": "sophia", "beta1": 0.96, "beta2": 0.99, "gamma": 0.05, "eps": 1e-12, "weight_decay": 0.2,
          "max_norm": 9.0, "correct_mean": False, "correct_curvature": False}
CASES = [
    {"name": "sophia", **SOPHIA},
    {"name": "sophia_corrected", **SOPHIA, "beta2": 0.9, "gamma": 0.3, "correct_mean": True, "correct_curvature": True},
    {"name": "sophia_code", "optimizer": "sophia", "beta1": 0.965, "beta2": 0.99, "rho": 0.04, "bs": 5 * LABELS,
     "weight_decay": 0.2, "max_norm": 9.0},
    {"name": "lion", "optimizer": "lion", "beta1": 0.95, "beta2": 0.98, "weight_decay": 0.5, "max_norm": 9.0},
]


def draw():
    random = np.random.default_rng(20263)
    draws = {
        "weights": random.normal(0, 1, COUNT),
        "m": random.normal(0, 0.1, COUNT),
        "h": random.normal(0.5, 1, COUNT),  # a third is negative, as Hutchinson's estimates may be
        "gradients": random.normal(0, 1, (STEPS, COUNT)),
        "sampled": random.normal(0, 0.2, (len(REFRESHED_BEFORE), COUNT)),
    }
    return {name: value.astype(np.float32) for name, value in draws.items()}


def run_formulas(case, inputs, dtype):
    w, m, h = (inputs[name].astype(dtype) for name in ("weights", "m", "h"))
    decay = np.where(np.arange(COUNT) < DECAYED, case["weight_decay"], 0).astype(dtype)
    beta1, beta2 = case["beta1"], case["beta2"]
    refreshes, unclipped, clipped, margin = 0, [], [], np.inf
    for step in range(STEPS):
        g = inputs["gradients"][step].astype(dtype)
        norm = np.sqrt(np.sum(g.astype(np.float64) ** 2))
        clipped.append(bool(norm > case["max_norm"]))
        g = g * dtype(min(1.0, case["max_norm"] / (norm + 1e-6)))
        rate = dtype(RATES[step])
        if case["optimizer"] == "lion":
            c = dtype(beta1) * m + dtype(1 - beta1) * g
            margin = min(margin, np.min(np.abs(c)))
            w = w - rate * (np.sign(c) + decay * w)
            m = dtype(beta2) * m + dtype(1 - beta2) * g
            continue
        if step in REFRESHED_BEFORE:
            sampled = inputs["sampled"][refreshes].astype(dtype)
            h = dtype(beta2) * h + dtype((1 - beta2) * LABELS) * sampled**2
            refreshes += 1
        m = dtype(beta1) * m + dtype(1 - beta1) * g
        mean = m / dtype(1 - beta1 ** (step + 1)) if case["correct_mean"] else m
        curvature = h / dtype(1 - beta2**refreshes) if case["correct_curvature"] else h
        denominator = np.maximum(dtype(case["gamma"]) * curvature, dtype(case["eps"]))
        update = np.clip(mean / denominator, -1, 1)
        w = w - rate * (update + decay * w)
        unclipped.append(int(np.sum(np.abs(mean) < denominator)))
        margin = min(margin, np.min(np.abs(np.abs(mean) - denominator)))
    return {"weights": w, "m": m, "h": h}, unclipped, clipped, margin


def run_code(case, inputs, dtype):
    """SophiaG of github.com/Liuhong99/Sophia: update_hessian() squares gradients, step(bs) multiplies by the batch size.
    Its h is a mean of plain squares. It starts where the others' h, divided by the labels, would be."""
    param, exp_avg = inputs["weights"].astype(dtype), inputs["m"].astype(dtype)
    hessian = np.abs(inputs["h"].astype(dtype)) / dtype(LABELS)
    weight_decay = np.where(np.arange(COUNT) < DECAYED, case["weight_decay"], 0).astype(dtype)
    beta1, beta2 = dtype(case["beta1"]), dtype(case["beta2"])
    updates, unclipped, clipped, margin = 0, [], [], np.inf
    for step, lr in enumerate(RATES):
        if step in REFRESHED_BEFORE:
            sampled = inputs["sampled"][updates].astype(dtype)
            hessian = beta2 * hessian + (1 - beta2) * sampled * sampled
            updates += 1
        grad = inputs["gradients"][step].astype(dtype)
        total_norm = np.sqrt(np.sum(grad.astype(np.float64) ** 2))
        clipped.append(bool(total_norm > case["max_norm"]))
        grad = grad * dtype(min(1.0, case["max_norm"] / (total_norm + 1e-6)))
        param = param * (1 - dtype(lr) * weight_decay)
        exp_avg = beta1 * exp_avg + (1 - beta1) * grad
        scaled = dtype(case["rho"]) * dtype(case["bs"]) * hessian
        ratio = np.minimum(np.abs(exp_avg) / (scaled + dtype(1e-15)), 1)
        param = param - dtype(lr) * np.sign(exp_avg) * ratio
        unclipped.append(int(np.sum(np.abs(exp_avg) < scaled)))
        margin = min(margin, np.min(np.abs(np.abs(exp_avg) - scaled)))
    return {"weights": param, "m": exp_avg, "h": hessian}, unclipped, clipped, margin


def moved(inputs, random):
    """Every number half a float32 unit away, up or down."""
    return {name: value.astype(np.float64) + random.choice([-0.5, 0.5], value.shape) * np.spacing(np.abs(value))
            for name, value in inputs.items()}


def make(out):
    inputs = draw()
    tensors, cases = {name: value.astype(np.float64) for name, value in inputs.items()}, []
    for case in CASES:
        run = run_code if "rho" in case else run_formulas
        final, unclipped, clipped, margin = run(case, inputs, np.float64)
        assert margin > 1e-5, f"{case['name']}: a coordinate too close to where it would be clipped to tell: {margin}"
        assert 2 <= sum(clipped) <= STEPS - 2, f"{case['name']}: some steps must clip and some not: {clipped}"
        assert all(0.05 * COUNT < count < 0.95 * COUNT for count in unclipped), unclipped
        random = np.random.default_rng(20264)
        runs = [run(case, inputs, np.float32)[0]]
        runs += [run(case, moved(inputs, random), np.float64)[0] for _ in range(RUNS - 1)]
        errors = [{name: max(relative_error(other[name], final[name]), 2.0**-24) for name in final} for other in runs]
        tensors.update({f"{case['name']}.{name}": value for name, value in final.items()})
        cases.append({**case, "clipped": clipped, "unclipped": unclipped, "fp32_error": largest(errors)})
    save_tensors(out / "optim/steps.safetensors", tensors)
    save_json(out / "optim/steps.json", {"decayed": DECAYED, "rates": RATES, "refreshed_before": REFRESHED_BEFORE,
                                         "labels": LABELS, "runs": RUNS, "cases": cases})
