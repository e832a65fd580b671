"""Read a network that torchvision, timm or another library has already loaded, as if it were a file.

What the model says about itself is not trusted: its weights are read as a checkpoint's are, and the network that is built
from them must compute the same logits. The model is not changed; a copy of it runs, in eval mode and without its hooks.
"""

import copy
import hashlib
import tempfile
import weakref
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from models.checkpoints.checkpoint import Checkpoint
from models.checkpoints.loading import load_checkpoint
from models.checkpoints.weight_files import CheckpointError
from models.normalisation import Normalisation
from models.scaling import FAMILIES

PROBE_SIDE = 64
CLOSE = 1e-6  # as a fraction of the logits' range, in float64


def checkpoint_of(
    model: nn.Module,
    family: str | None = None,
    normalisation: Normalisation | None = None,
    resolution: int | None = None,
) -> Checkpoint:
    """A network in memory as a checkpoint.

    Args:
        model: an EfficientNet; not changed.
        family: name in ``FAMILIES``; by default the family that computes the model's logits.
        normalisation: by default as timm's ``pretrained_cfg`` says, else the family's.
        resolution: side of the input in pixels; by default as ``pretrained_cfg`` says, else that of the released network
            with these tensors.

    Raises:
        TypeError: ``model`` is not an ``nn.Module``.
        CheckpointError: it is not an EfficientNet, or computes other logits than an EfficientNet with its weights.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"got a {type(model).__name__}; expected an EfficientNet of torchvision or timm, an nn.Module")
    normalisation = normalisation or _timms_normalisation(model)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pth"
        torch.save({name: tensor.detach().cpu() for name, tensor in model.state_dict().items()}, path)
        candidates = [family] if family else [*FAMILIES]
        found = [one for name in candidates if (one := _loaded(path, name, normalisation, len(candidates) > 1))]
        if not found:  # it fits no family: this raises an error that says why
            _loaded(path, None, normalisation, quiet=False)
    expected = _logits(model)
    for one in found:
        if _close(one.network().double(), expected):
            side = resolution or _timms_side(model) or one.run_scaling.input_size
            return replace(one, scaling=replace(one.scaling, resolution=side))
    raise CheckpointError(
        f"the model computes other logits than {'family ' + family if family else 'every family'} does with its weights; "
        "expected an unchanged EfficientNet of torchvision or timm: save its state dict and load that"
    )


def _loaded(path: Path, family: str | None, normalisation: Normalisation | None, quiet: bool) -> Checkpoint | None:
    try:
        return load_checkpoint(path, family=family, normalisation=normalisation)
    except CheckpointError as error:
        if quiet:
            return None
        raise CheckpointError(f"the model: {str(error).removeprefix(f'{path}: ')}") from None


def _timms_normalisation(model: nn.Module) -> Normalisation | None:
    known = getattr(model, "pretrained_cfg", None)
    return Normalisation(known["mean"], known["std"]) if isinstance(known, dict) and "mean" in known else None


def _timms_side(model: nn.Module) -> int | None:
    """Side of the input in pixels that timm's ``pretrained_cfg`` names; None where there is none."""
    known = getattr(model, "pretrained_cfg", None)
    size = known.get("input_size") if isinstance(known, dict) else None
    return int(size[-1]) if size else None


def _probe() -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(2, 3, PROBE_SIDE, PROBE_SIDE, generator=generator, dtype=torch.float64)


def _logits(model: nn.Module) -> Tensor:
    """Logits of the probe images, from a copy of the model in float64 and eval mode on the CPU, without its hooks."""
    private = copy.deepcopy(model).cpu().double().eval()
    for module in private.modules():
        for hooks in (module._forward_hooks, module._forward_pre_hooks, module._backward_hooks):
            hooks.clear()
    with torch.no_grad():
        found = private(_probe())
    return getattr(found, "logits", found)


def _close(network: nn.Module, expected: Tensor) -> bool:
    with torch.no_grad():
        found = network(_probe())
    if found.shape != expected.shape:
        return False
    span = float(expected.max() - expected.min()) or float(expected.abs().max()) or 1.0
    return bool((found - expected).abs().max() <= CLOSE * span)


class Original:
    """Tells whether the model that a network was made from, while it still exists, has changed its weights since."""

    def __init__(self, model: nn.Module):
        self._model = weakref.ref(model)
        self._edits, self._digest = _edits(model), _digest(model)

    def check(self, thoroughly: bool = False) -> None:
        """Refuse to go on when the model's weights have changed.

        Args:
            thoroughly: compare every byte; otherwise only torch's version counters, which edits of ``.data`` escape.

        Raises:
            ValueError: the model's weights are not those that were read.
        """
        model = self._model()
        if model is None or (_edits(model) == self._edits and not thoroughly):
            return
        if _digest(model) != self._digest:
            raise ValueError(
                "the model's weights have changed since Network.from_model read them; call it again for maps of the "
                "model as it is now"
            )


def _edits(model: nn.Module) -> list[tuple[int, int]]:
    return [(id(tensor), tensor._version) for tensor in (*model.parameters(), *model.buffers())]


def _digest(model: nn.Module) -> str:
    digest = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        if not name.endswith("num_batches_tracked"):  # a counter, which changes no map
            digest.update(f"{name} {tensor.dtype}".encode())
            digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return digest.hexdigest()
