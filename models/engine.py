"""What runs a network's forward passes: ONNX Runtime on a CPU where it is installed, PyTorch otherwise.

Both compute the same features but for the last bits. ``COMPOUND_CAM_ENGINE`` chooses one of them by its name.
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
    """Name of the engine for networks on a device: as the environment says, else the faster one that there is.

    Raises:
        ValueError: the environment names none, or one that cannot run there.
        ModuleNotFoundError: it names ONNX Runtime, which is not installed.
    """
    asked = os.environ.get(VARIABLE, "")
    if asked not in ("", *ENGINES):
        raise ValueError(f"{VARIABLE}={asked!r} is no engine; choose from {', '.join(ENGINES)}, or leave it out")
    if device.type != "cpu" or asked == PYTORCH:
        return PYTORCH
    if asked == ONNX_RUNTIME:
        require_installed()
    return ONNX_RUNTIME if is_installed() else PYTORCH


@cache
def engine_words(engine: str) -> str:
    """For people and files: the engine and its version."""
    label, package = LABELS[engine]
    return f"{label} {importlib.metadata.version(package)}"


class Engine:
    """A network's features by ONNX Runtime. Made when first run; threads may share it.

    One image at a time: it is as fast as several at once, takes less memory, and gives an image the same bits in any company.
    """

    def __init__(self, model: EfficientNet, side: int):
        self._model, self._side = model, side
        self._session: Any = None
        self._lock = threading.Lock()

    def takes(self, images: Tensor) -> bool:
        """Whether they have the size that its graph is for."""
        return images.shape[-2:] == (self._side, self._side)

    def features(self, images: Tensor) -> Tensor:
        """Activations entering global average pooling, float32 (N, C, h, w), of normalised images (N, 3, side, side)."""
        session, pixels = self._ready(), images.detach().to("cpu", torch.float32).contiguous().numpy()
        found = [session.run([FEATURES], {PIXELS: pixels[place : place + 1]})[0] for place in range(len(pixels))]
        return torch.from_numpy(found[0] if len(found) == 1 else np.concatenate(found))

    def _ready(self) -> Any:
        with self._lock:
            if self._session is None:
                from models.graphs.graph import onnx_graph  # slow to import, and not everywhere installed

                graph = onnx_graph(self._model, self._side, normalisation=None, outputs=[FEATURES])
                self._session = session_of(graph.SerializeToString())
            return self._session
