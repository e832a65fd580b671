"""Full float32 precision and the same bits every time on a GPU, whose defaults prefer speed."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


class _Strict:
    """torch's switches are global to the process: the first thread that needs them sets them, the last puts them back."""

    def __init__(self) -> None:
        self._lock, self._users = threading.Lock(), 0
        self._before: tuple[bool, ...] = ()

    def enter(self) -> None:
        with self._lock:
            if not self._users:
                self._before = _switches()
                _switch(False, False, True, False)
            self._users += 1

    def leave(self) -> None:
        with self._lock:
            self._users -= 1
            if not self._users:
                _switch(*self._before)


def _switches() -> tuple[bool, ...]:
    cudnn = torch.backends.cudnn
    return torch.backends.cuda.matmul.allow_tf32, cudnn.allow_tf32, cudnn.deterministic, cudnn.benchmark


def _switch(matmul_tf32: bool, convolution_tf32: bool, deterministic: bool, benchmark: bool) -> None:
    cudnn = torch.backends.cudnn
    torch.backends.cuda.matmul.allow_tf32, cudnn.allow_tf32 = matmul_tf32, convolution_tf32
    cudnn.deterministic, cudnn.benchmark = deterministic, benchmark


_STRICT = _Strict()


@contextmanager
def strict(device: torch.device) -> Iterator[None]:
    """On CUDA, turn off TF32, whose 10-bit mantissa changes maps visibly, and use deterministic convolution algorithms."""
    if device.type != "cuda":
        yield
        return
    _STRICT.enter()
    try:
        yield
    finally:
        _STRICT.leave()


def doubled(values: Tensor) -> Tensor:
    """The values in float64, on the CPU where the device (MPS) has no float64."""
    return (values.cpu() if values.device.type == "mps" else values).double()


def has_bfloat16(device: torch.device) -> bool:
    """Whether the GPU supports bfloat16 natively; before Ampere, torch emulates it slowly."""
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
