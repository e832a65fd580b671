"""An ONNX graph ready to run on the CPU, where ONNX Runtime is installed."""

import importlib.util
from typing import Any

import torch

MISSING = "ONNX Runtime is not installed; pip install onnx onnxruntime"


def is_installed() -> bool:
    """Whether graphs can be written and run here."""
    return all(importlib.util.find_spec(name) for name in ("onnx", "onnxruntime"))


def require_installed() -> None:
    """Refuse to go on where graphs cannot be written and run.

    Raises:
        ModuleNotFoundError: with the way out.
    """
    if not is_installed():
        raise ModuleNotFoundError(MISSING)


def session_of(graph: bytes, threads: int | None = None) -> Any:
    """An ``onnxruntime.InferenceSession`` on the CPU, with so many threads, by default as many as torch has.

    Raises:
        ModuleNotFoundError: ONNX Runtime is not installed.
    """
    require_installed()
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads or torch.get_num_threads(), 1
    options.log_severity_level = 3  # errors
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
