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
    """An ``onnxruntime.InferenceSession`` on the CPU; what it computes has the same bits with any number of threads.

    Its threads sleep when there is nothing to do, rather than to spin while others compute, and memory is given back
    after every run.

    Args:
        graph: as it is written.
        threads: default: as many as torch has.

    Raises:
        ModuleNotFoundError: ONNX Runtime is not installed.
    """
    require_installed()
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads or torch.get_num_threads(), 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = False  # it would keep the most that any run ever took
    options.log_severity_level = 3  # errors
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    session._model_bytes = b""  # of the graph, which it keeps to begin again on other hardware: all weights once more
    return session
