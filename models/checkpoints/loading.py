"""Read the weights of an EfficientNet, whichever library saved them, and write checkpoints that describe themselves.

Nothing in a file is trusted before it has been compared with a network on the meta device, with what the file records about
itself, and with the size of the file.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn

from models.checkpoints.checkpoint import Checkpoint
from models.checkpoints.clues import Clues, clues_beside
from models.checkpoints.families import recognised_family
from models.checkpoints.graph_files import is_graph, read_graph_file, require_own
from models.checkpoints.heads import assumed_of_head, named_head
from models.checkpoints.hubs import located
from models.checkpoints.keras_weights import keras_normalisation
from models.checkpoints.key_styles import network_in, to_torchvision
from models.checkpoints.recognition import (
    check_family,
    check_plain,
    check_scaling,
    check_values,
    fitted,
    num_classes,
    observed_widths,
    recognised_scaling,
)
from models.checkpoints.records import (
    GIVEN,
    GUESSED,
    OF_FAMILY,
    RECORD,
    RECORDED,
    agreed_family,
    agreed_normalisation,
    check_metadata,
    read_record,
    written_record,
)
from models.checkpoints.stems import rgb_stem
from models.checkpoints.strangers import other_architecture
from models.checkpoints.weight_files import SAFETENSORS, CheckpointError, read_weights
from models.files import atomic_write, require_folder
from models.normalisation import Normalisation
from models.scaling import FAMILIES, Scaling, family_named

__all__ = ["Checkpoint", "CheckpointError", "load_checkpoint", "save_checkpoint"]

JOINING = ("torchvision", "timm", "nvidia", "keras")  # libraries with a skip connection wherever shapes agree


def load_checkpoint(
    path: str | Path,
    *,
    family: str | None = None,
    scaling: Scaling | None = None,
    normalisation: Normalisation | None = None,
    entry: str | None = None,
) -> Checkpoint:
    """Read a checkpoint with the names of torchvision, timm, efficientnet_pytorch, transformers, NVIDIA or Keras.

    The network is found by its stem, under whatever dictionaries and prefixes a training program put around it. What
    tensors do not tell is read from the configuration that a hub puts beside the file, else from the names of folder and
    file.

    Args:
        path: a .safetensors, .pth or .pt file, an .onnx file of ours, a folder with one, or a name on a hub; see ``located``.
        family: what tensors cannot tell (padding, BatchNorm eps); by default as recorded, else by key style and clues.
        scaling: by default as recorded, else the first named scaling with these tensors, else the simplest multipliers.
        normalisation: by default as recorded, else as the file or the configuration beside it says, else the family's.
        entry: which network to take where the file has several, such as ``"state_dict"``; by default the average over
            training.

    Raises:
        FileNotFoundError: there is no such file.
        CheckpointError: the file cannot be read, is not an EfficientNet's, contradicts what was given or recorded, or could
            be of two families.
        ValueError: the family is unknown.
    """
    if family is not None:
        family_named(family)
    try:
        path = located(path)
        return _read(path, family, scaling, normalisation, entry)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from error


def _read(
    path: Path,
    given_family: str | None,
    scaling: Scaling | None,
    normalisation: Normalisation | None,
    entry: str | None,
) -> Checkpoint:
    graph = read_graph_file(path) if is_graph(path) else None
    content, header = (graph.tensors, graph.properties) if graph else read_weights(path)
    tensors, entry, others = network_in(content, entry)
    check_plain(tensors, path.stat().st_size)
    tensors, key_style = _in_torchvisions_names(tensors)
    tensors, grey = rgb_stem(named_head(tensors))
    recorded_scaling, recorded_family, metadata = read_record(header)
    widths = observed_widths(tensors)
    clues = Clues() if recorded_family else clues_beside(path)
    known_family = agreed_family(given_family, recorded_family)
    family, family_origin = _family_of(tensors, key_style, clues, known_family, recorded_family)
    scaling = scaling or recorded_scaling or recognised_scaling(widths, family, clues.resolution)
    check_scaling(widths, scaling, family)
    tensors = fitted(tensors, scaling, family)
    check_values(tensors)
    metadata = _labelled(metadata, clues, num_classes(tensors))
    check_metadata(metadata, num_classes(tensors))
    known, origin = agreed_normalisation(normalisation, metadata)
    if known is None:
        known, origin = _normalisation_of(content, clues, family, sure=known_family is not None)
    checkpoint = Checkpoint(
        state_dict=_copied(tensors),
        scaling=scaling,
        family=family,
        num_classes=num_classes(tensors),
        normalisation=known,
        normalisation_origin=origin,
        family_origin=family_origin,
        metadata=metadata,
        key_style=_library(key_style, family),
        sha256=_sha256(path),
        path=path,
        entry=entry,
        others=tuple(others),
        joined=graph.joined if graph else recorded_family is None and key_style in JOINING,
        notes=tuple(filter(None, (grey, assumed_of_head(tensors)))),
    )
    if graph:
        require_own(graph, checkpoint)
    return checkpoint


def _family_of(
    tensors: dict[str, Tensor], key_style: str, clues: Clues, known: str | None, recorded: str | None
) -> tuple[str, str]:
    """The family, and how it is known; a family that the tensors contradict is refused."""
    origin = RECORDED if recorded else GIVEN
    family, origin = (known, origin) if known else recognised_family(tensors, key_style, clues)
    check_family(tensors, family)
    return family, origin


def _library(key_style: str, family: str) -> str:
    """The library whose names a file has; two libraries share their names, and the family tells them apart."""
    return "efficientnet_lite_pytorch" if (key_style, family) == ("efficientnet_pytorch", "lite") else key_style


def _normalisation_of(content: object, clues: Clues, family: str, sure: bool) -> tuple[Normalisation, str]:
    """The normalisation of a file that records none, and how it is known: from beside the file, within it, or its family."""
    if clues.normalisation:
        return clues.normalisation, clues.origin
    if found := keras_normalisation(content):
        return found, "of the layers at its input"
    return FAMILIES[family].normalisation, OF_FAMILY if sure else GUESSED


def _copied(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Copies that share no memory with the file."""
    return {name: tensor.detach().clone(memory_format=torch.contiguous_format) for name, tensor in tensors.items()}


def _in_torchvisions_names(tensors: dict[str, Tensor]) -> tuple[dict[str, Tensor], str]:
    """The tensors under torchvision's names, and the style of the old names; other architectures are refused by name."""
    for convert in (lambda: (tensors, ""), lambda: to_torchvision(tensors)):
        found, key_style = convert()
        if stranger := other_architecture(found):
            raise CheckpointError(f"{stranger}; expected a scaling of EfficientNet-B0")
    return found, key_style


def _labelled(metadata: dict, clues: Clues, classes: int) -> dict:
    """The metadata, with the labels from beside the file where none are recorded and there is one for each class."""
    if "categories" in metadata or len(clues.labels) != classes:
        return metadata
    return {**metadata, "categories": list(clues.labels)}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def save_checkpoint(
    path: str | Path,
    network: nn.Module | Mapping[str, Tensor],
    *,
    scaling: Scaling,
    family: str,
    normalisation: Normalisation | None = None,
    metadata: Mapping | None = None,
    half: bool = False,
) -> str:
    """Write weights as safetensors, with their description in the header; the same content gives the same bytes.

    Args:
        path: a .safetensors file in a folder that exists; an older file is replaced only by a complete one.
        network: a network of this scaling and family, or its state dict.
        scaling: as built and trained, with its resolution.
        family: name in ``FAMILIES``.
        normalisation: of the network's input; recorded as ``metadata["normalisation"]``.
        metadata: what JSON can hold: categories, label sets, recipe, provenance, accuracy.
        half: store convolutions and classifier in float16; BatchNorm stays float32, because its statistics need the range.

    Returns:
        sha256 of the file.

    Raises:
        CheckpointError: weights that ``load_checkpoint`` would refuse, or metadata that is not JSON.
        OSError: the file cannot be written.
    """
    path, metadata = Path(path), metadata or {}
    require_writable(path)
    family_named(family)
    tensors = network.state_dict() if isinstance(network, nn.Module) else network
    tensors, _ = to_torchvision(network_in(tensors)[0])
    tensors = named_head(tensors)
    check_family(tensors, family)
    check_scaling(observed_widths(tensors), scaling, family)
    tensors = _stored(fitted(tensors, scaling, family), half)
    check_values(tensors)
    check_metadata(metadata, num_classes(tensors))
    content = safetensors.torch.save(tensors, {RECORD: written_record(scaling, family, normalisation, metadata)})
    with atomic_write(path) as file:
        file.write(content)
    return hashlib.sha256(content).hexdigest()


def require_writable(path: str | Path) -> None:
    """Refuse, before any work, a path at which ``save_checkpoint`` would not write.

    Raises:
        CheckpointError: its name does not end in .safetensors.
        FileNotFoundError: its folder does not exist.
    """
    path = Path(path)
    if path.suffix != SAFETENSORS:
        raise CheckpointError(f"{path}: checkpoints are written as .safetensors; change the ending")
    require_folder(path)


def _stored(tensors: Mapping[str, Tensor], half: bool) -> dict[str, Tensor]:
    """Contiguous copies on the CPU, each with its own memory."""
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
