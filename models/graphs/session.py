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
        ModuleNotFoundError: onnx or onnxruntime is not installed; the message says how to install them.
    """
    if not is_installed():
        raise ModuleNotFoundError(MISSING)


def session_of(graph: bytes, threads: int | None = None) -> Any:
    """An ``onnxruntime.InferenceSession`` on the CPU; its results have the same bits with any number of threads.

    Idle threads sleep instead of spinning while others compute, and memory is given back after every run.

    Args:
        graph: the serialised graph.
        threads: by default as many as torch uses.

    Raises:
        ModuleNotFoundError: ONNX Runtime is not installed.
    """
    require_installed()
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads or torch.get_num_threads(), 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = False  # it would keep the most memory that any run ever took
    options.log_severity_level = 3  # errors
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    session._model_bytes = b""  # a second copy of all weights, kept only to restart on other hardware
    return session
