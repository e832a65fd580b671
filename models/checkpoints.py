"""Checkpoints: read the weights of an EfficientNet whoever saved them, write them so that they say what they are.

Nothing in a file is believed before it has been compared: with a network built without memory, with what the file
records about itself, and with the size of the file.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn

from models.costs import network_cost
from models.efficientnet import meta_network
from models.files import atomic_write
from models.key_styles import to_torchvision, unwrap
from models.recognition import (
    check_family,
    check_plain,
    check_scaling,
    check_values,
    fitted,
    num_classes,
    observed_widths,
    recognised_family,
    recognised_scaling,
)
from models.scaling import FAMILIES, SCALINGS, Scaling, family_named, scaled_widths
from models.weight_files import SAFETENSORS, CheckpointError, printable, read_weights

__all__ = ["Checkpoint", "CheckpointError", "describe", "load_checkpoint", "save_checkpoint"]

RECORD = (
    "compound_cam"  # the one entry of the safetensors header: with several their order, and so the hash, would vary
)


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The weights of a network and what is known about them.

    Attributes:
        state_dict: tensors on the CPU under torchvision's names, in the types that the file has.
        scaling: as given, as recorded, or recognised from the tensors with the resolution ``"unrecorded"``.
        family: name in ``FAMILIES``.
        num_classes: outputs of the classifier.
        metadata: what was recorded (categories, recipe, provenance, accuracy); empty if nothing was.
        key_style: whose names the file has: ``"torchvision"``, ``"timm"``, ``"efficientnet_pytorch"``,
            ``"efficientnet_lite_pytorch"`` or ``"transformers"``.
        sha256: hash of the file.
        path: the file.
        entry: where in the file the state dict was, for instance ``"state_dict_ema"``; empty if it was the file.
    """

    state_dict: dict[str, Tensor]
    scaling: Scaling
    family: str
    num_classes: int
    metadata: dict = field(default_factory=dict)
    key_style: str = "torchvision"
    sha256: str = ""
    path: Path = Path()
    entry: str = ""

    def network(self) -> nn.Module:
        """A new network with these weights, float32 and in eval mode; no random number is drawn for it."""
        network = meta_network(self.scaling, self.num_classes, self.family)
        network.load_state_dict({name: _widened(tensor) for name, tensor in self.state_dict.items()}, assign=True)
        return network.eval()


def _widened(tensor: Tensor) -> Tensor:
    return tensor.to(torch.float32 if tensor.is_floating_point() else torch.int64, copy=True)


def load_checkpoint(path: str | Path, *, family: str | None = None, scaling: Scaling | None = None) -> Checkpoint:
    """Read a checkpoint that torchvision, timm, efficientnet_pytorch, transformers or this project wrote.

    Args:
        path: a .safetensors, .pth or .pt file.
        family: what tensors cannot tell (padding, BatchNorm eps); default: as recorded, else by key style.
        scaling: default: as recorded, else the nearest named scaling with these tensors, its resolution unrecorded.

    Raises:
        FileNotFoundError: there is no such file.
        CheckpointError: the file cannot be read, is no EfficientNet, or contradicts what was given or recorded.
        ValueError: the family is unknown.
    """
    if family is not None:
        family_named(family)
    path = Path(path)
    try:
        return _read(path, family, scaling)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from error


def _read(path: Path, family: str | None, scaling: Scaling | None) -> Checkpoint:
    content, header = read_weights(path)
    tensors, entry = unwrap(content)
    check_plain(tensors, path.stat().st_size)
    tensors, key_style = to_torchvision(tensors)
    recorded_scaling, recorded_family, metadata = _recorded(header)
    widths = observed_widths(tensors)
    family = _agreed_family(family, recorded_family) or recognised_family(tensors, key_style, path.name)
    check_family(tensors, family)
    scaling = scaling or recorded_scaling or recognised_scaling(widths, family)
    check_scaling(widths, scaling, family)
    tensors = fitted(tensors, scaling, family)
    check_values(tensors)
    _check_categories(metadata, num_classes(tensors))
    if key_style == "efficientnet_pytorch" and family == "lite":
        key_style = "efficientnet_lite_pytorch"
    return Checkpoint(
        state_dict={
            name: tensor.detach().clone(memory_format=torch.contiguous_format) for name, tensor in tensors.items()
        },
        scaling=scaling,
        family=family,
        num_classes=num_classes(tensors),
        metadata=metadata,
        key_style=key_style,
        sha256=_sha256(path),
        path=path,
        entry=entry,
    )


def _agreed_family(given: str | None, recorded: str | None) -> str | None:
    if given and recorded and given != recorded:
        raise CheckpointError(f"recorded as family {recorded!r}, but {given!r} was asked for; leave the family out")
    return given or recorded


def _recorded(header: Mapping[str, str]) -> tuple[Scaling | None, str | None, dict]:
    """Scaling, family and metadata that ``save_checkpoint`` wrote into the header."""
    if RECORD not in header:
        return None, None, {}
    try:
        record = json.loads(header[RECORD])
        scaling, family, metadata = Scaling(**record["scaling"]), record["family"], record["metadata"]
        family_named(family)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise CheckpointError(
            f"a broken record in its header ({printable(str(error))}); "
            "expected scaling, family and metadata: save it again"
        ) from error
    if not isinstance(metadata, dict):
        raise CheckpointError(f"metadata recorded as {type(metadata).__name__}; expected a dictionary: save it again")
    return scaling, family, metadata


def _check_categories(metadata: Mapping, classes: int) -> None:
    categories = metadata.get("categories")
    if categories is None:
        return
    if not (isinstance(categories, list) and all(isinstance(category, str) for category in categories)):
        raise CheckpointError("recorded categories are not a list of names; expected one name per class")
    if len(categories) != classes:
        raise CheckpointError(
            f"{len(categories)} categories recorded for {classes} classes; expected one name per class"
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def save_checkpoint(
    path: str | Path,
    network: nn.Module | Mapping[str, Tensor],
    *,
    scaling: Scaling,
    family: str,
    metadata: Mapping | None = None,
    half: bool = False,
) -> str:
    """Write weights as safetensors, with what they are in the header; the same content gives the same bytes.

    Args:
        path: a .safetensors file in a folder that exists; an older file is replaced only by a complete one.
        network: a network of this scaling and family, or its state dict.
        scaling: as built and trained, with its resolution.
        family: name in ``FAMILIES``.
        metadata: what JSON can hold: categories, recipe, provenance, accuracy.
        half: convolutions and classifier in float16; BatchNorm stays float32, its statistics need the range.

    Returns:
        sha256 of the file.

    Raises:
        CheckpointError: weights that ``load_checkpoint`` would refuse, or metadata that is no JSON.
        OSError: the file cannot be written.
    """
    path = Path(path)
    if path.suffix != SAFETENSORS:
        raise CheckpointError(f"{path}: checkpoints are written as .safetensors; change the ending")
    family_named(family)
    tensors = network.state_dict() if isinstance(network, nn.Module) else network
    tensors, _ = to_torchvision(unwrap(tensors)[0])
    check_family(tensors, family)
    check_scaling(observed_widths(tensors), scaling, family)
    tensors = _stored(fitted(tensors, scaling, family), half)
    check_values(tensors)
    _check_categories(metadata or {}, num_classes(tensors))
    content = safetensors.torch.save(tensors, {RECORD: _record(scaling, family, metadata or {})})
    with atomic_write(path) as file:
        file.write(content)
    return hashlib.sha256(content).hexdigest()


def _stored(tensors: Mapping[str, Tensor], half: bool) -> dict[str, Tensor]:
    """Contiguous copies on the CPU, each with memory of its own."""
    batchnorms = {name.removesuffix(".running_var") for name in tensors if name.endswith(".running_var")}

    def dtype(name: str, tensor: Tensor) -> torch.dtype:
        if not tensor.is_floating_point():
            return torch.int64
        if not half:
            return tensor.dtype
        return torch.float32 if name.rpartition(".")[0] in batchnorms else torch.float16

    return {
        name: tensor.detach().to("cpu", dtype(name, tensor), copy=True, memory_format=torch.contiguous_format)
        for name, tensor in tensors.items()
    }


def _record(scaling: Scaling, family: str, metadata: Mapping) -> str:
    try:
        record = {"scaling": asdict(scaling), "family": family, "metadata": dict(metadata)}
        return json.dumps(record, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise CheckpointError(
            f"metadata is no JSON ({error}); expected texts, finite numbers, lists and dictionaries"
        ) from error


def describe(checkpoint: Checkpoint) -> str:
    """What was found in a checkpoint, as two aligned columns of plain text."""
    scaling, traits, style = checkpoint.scaling, FAMILIES[checkpoint.family], checkpoint.key_style
    widths = scaled_widths(scaling, checkpoint.family)
    named = [name for name, other in SCALINGS.items() if scaled_widths(other, checkpoint.family) == widths]
    cost = network_cost(scaling, checkpoint.num_classes, checkpoint.family)
    dtypes = sorted({str(tensor.dtype).removeprefix("torch.") for tensor in checkpoint.state_dict.values()})
    padded = f"{traits.activation}, {traits.padding} padding, BatchNorm eps {traits.batchnorm_eps:g}"
    rows = [
        ("file", str(checkpoint.path)),
        ("size", f"{checkpoint.path.stat().st_size:,} bytes"),
        ("sha256", checkpoint.sha256),
        ("key style", f"{style}, in {checkpoint.entry}" if checkpoint.entry else style),
        ("family", f"{checkpoint.family} ({padded})"),
        ("width", str(float(scaling.width_mult))),
        ("depth", str(float(scaling.depth_mult))),
        ("resolution", str(scaling.resolution)),
        ("dropout", str(float(scaling.dropout))),
        ("named scaling", ", ".join(named) or "none"),
        ("parameters", f"{cost.params:,}"),
        ("MACs", f"{cost.macs:,} at {scaling.input_size} px"),
        ("classes", f"{checkpoint.num_classes:,}"),
        ("types", ", ".join(dtypes)),
        *((printable(key, 40), _abbreviated(value)) for key, value in checkpoint.metadata.items()),
    ]
    column = max(len(name) for name, _ in rows) + 2
    return "\n".join(f"{name:<{column}}{value}" for name, value in rows)


def _abbreviated(value: object) -> str:
    if isinstance(value, list) and len(value) > 4:
        return f"{_abbreviated(value[:3])}, ... ({len(value):,} in all)"
    if isinstance(value, list):
        return ", ".join(map(_abbreviated, value))
    if isinstance(value, dict):
        return ", ".join(f"{printable(key)} {_abbreviated(item)}" for key, item in value.items())
    return printable(str(value))
