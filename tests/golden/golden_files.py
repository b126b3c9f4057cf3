"""Error figures of a run in float32, and the files that hold them and the truth."""

import json

import numpy as np
import safetensors.numpy

IGNORED = -1  # the target of a row that does not count
RUNS = 16
FLOOR = 2.0**-23  # storing one float32 costs up to half of this; a lone number has no others to average with


def relative_error(ours, truth):
    """||ours - truth|| / ||truth||; where the truth is zero, ||ours||."""
    ours, truth = np.asarray(ours, np.float64), np.asarray(truth, np.float64)
    norm = float(np.linalg.norm(truth))
    return float(np.linalg.norm(ours - truth)) / (norm if norm > 0 else 1.0)


def scalar_error(ours, truth):
    return max(relative_error(ours, truth), FLOOR)


def largest(errors):
    """The largest of several error figures, field by field."""
    first = errors[0]
    if isinstance(first, dict):
        return {key: largest([e[key] for e in errors]) for key in first}
    if isinstance(first, list):
        return [largest(list(e)) for e in zip(*errors)]
    return None if first is None else max(errors)


def array(tensor):
    return np.ascontiguousarray(tensor.detach().numpy())


def save_tensors(path, tensors, metadata=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    safetensors.numpy.save_file({k: np.ascontiguousarray(v) for k, v in tensors.items()}, path, metadata)


def save_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1) + "\n")
