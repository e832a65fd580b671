"""What runs a network's forward passes: ONNX Runtime on a CPU where it is installed, PyTorch otherwise.

Both compute the same features except for the last bits. ``COMPOUND_CAM_ENGINE`` chooses one of them by name.
"""

import importlib.metadata
import os
import threading
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchvision.models import EfficientNet

from models.graphs.names import FEATURES, PIXELS
from models.graphs.session import is_installed, require_installed, session_of

PYTORCH, ONNX_RUNTIME = ENGINES = ("pytorch", "onnxruntime")
VARIABLE = "COMPOUND_CAM_ENGINE"
LABELS = {PYTORCH: ("PyTorch", "torch"), ONNX_RUNTIME: ("ONNX Runtime", "onnxruntime")}


def chosen_engine(device: torch.device) -> str:
    """Name of the engine for networks on a device: PyTorch, except that a CPU takes ONNX Runtime where it is installed.

    On a CPU the environment variable ``COMPOUND_CAM_ENGINE`` overrides this.

    Raises:
        ValueError: the environment variable names no engine.
        ModuleNotFoundError: it names ONNX Runtime for a CPU, and ONNX Runtime is not installed.
    """
    asked = os.environ.get(VARIABLE, "")
    if asked not in ("", *ENGINES):
        raise ValueError(f"{VARIABLE}={asked!r} is not an engine; choose from {', '.join(ENGINES)}, or leave it out")
    if device.type != "cpu" or asked == PYTORCH:
        return PYTORCH
    if asked == ONNX_RUNTIME:
        require_installed()
    return ONNX_RUNTIME if is_installed() else PYTORCH


@cache
def engine_words(engine: str) -> str:
    """The engine's label and version, as people and files are told."""
    label, package = LABELS[engine]
    return f"{label} {importlib.metadata.version(package)}"


class Engine:
    """Computes a network's features with ONNX Runtime: of images of its size, and of mosaics of four of them, twice as wide.

    A session is made by the first call for each of the two sizes; threads may share it. Images run one at a time: that is as fast
    as a batch, takes less memory, and an image's features have the same bits whichever images come with it.
    """

    def __init__(self, model: EfficientNet, side: int):
        self._model, self._sides = model, (side, 2 * side)
        self._sessions: dict[int, Any] = {}
        self._lock = threading.Lock()

    def takes(self, images: Tensor) -> bool:
        """Whether images have one of the two sizes."""
        height, width = images.shape[-2:]
        return height == width and height in self._sides

    def features(self, images: Tensor) -> Tensor:
        """Activations entering global average pooling, float32 (N, C, h, w), of normalised images that it takes."""
        session, pixels = self._ready(images.shape[-1]), images.detach().to("cpu", torch.float32).contiguous().numpy()
        found = [session.run([FEATURES], {PIXELS: pixels[place : place + 1]})[0] for place in range(len(pixels))]
        return torch.from_numpy(found[0] if len(found) == 1 else np.concatenate(found))

    def _ready(self, side: int) -> Any:
        with self._lock:
            if side not in self._sessions:
                from models.graphs.graph import onnx_graph  # slow to import, and not installed everywhere

                graph = onnx_graph(self._model, side, normalisation=None, outputs=[FEATURES])
                self._sessions[side] = session_of(graph.SerializeToString())
            return self._sessions[side]
