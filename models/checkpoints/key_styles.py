"""Rename the tensors of a checkpoint to torchvision's names.

torchvision, timm, lukemelas' efficientnet_pytorch (with the Lite networks made from it), Hugging Face transformers, NVIDIA
and Keras name the same tensors differently. Each style is a table from the names of its modules to torchvision's.

References:
    https://github.com/pytorch/vision, https://github.com/huggingface/pytorch-image-models,
    https://github.com/lukemelas/EfficientNet-PyTorch, https://github.com/huggingface/transformers,
    https://github.com/NVIDIA/DeepLearningExamples, https://keras.io/api/applications/efficientnet
"""

import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import NamedTuple

from torch import Tensor

from models.checkpoints.keras_weights import from_keras, is_keras
from models.checkpoints.state_dicts import find_state_dict
from models.checkpoints.weight_files import CheckpointError, quoted
from models.scaling import STAGES

TORCHVISION = "torchvision"
ENDS = (
    "features.0.0",
    "features.0.1",
    "features.8.0",
    "features.8.1",
    "classifier.1",
)  # stem, head, classifier
LATER = ("0.0", "0.1", "1.0", "1.1", "2.fc1", "2.fc2", "3.0", "3.1")  # expansion, depthwise, gate, projection
FIRST = ("0.0", "0.1", "1.fc1", "1.fc2", "2.0", "2.1")  # the same in the first stage, which has no expansion


class KeyStyle(NamedTuple):
    """How a library names the modules of an EfficientNet.

    Attributes:
        name: of the style.
        ends: the library's names for ``ENDS``; the first one and ``block`` are how the style is recognised.
        block: pattern of a module in a block: groups ``stage`` (missing where blocks are numbered across stages), ``block``
            (a number, or a letter) and ``layer``.
        first: the library's names for ``FIRST``.
        later: the library's names for ``LATER``.
        stages_from: the number of the first stage.
    """

    name: str
    ends: tuple[str, ...]
    block: re.Pattern[str]
    first: tuple[str, ...]
    later: tuple[str, ...]
    stages_from: int = 0


_TIMM_FIRST = ("conv_dw", "bn1", "se.conv_reduce", "se.conv_expand", "conv_pw", "bn2")
_TIMM = ("conv_pw", "bn1", "conv_dw", "bn2", "se.conv_reduce", "se.conv_expand", "conv_pwl", "bn3")
_LUKEMELAS = (
    "_expand_conv",
    "_bn0",
    "_depthwise_conv",
    "_bn1",
    "_se_reduce",
    "_se_expand",
    "_project_conv",
    "_bn2",
)
_TRANSFORMERS = (
    *(
        "expansion.expand_conv",
        "expansion.expand_bn",
        "depthwise_conv.depthwise_conv",
        "depthwise_conv.depthwise_norm",
    ),
    *("squeeze_excite.reduce", "squeeze_excite.expand", "projection.project_conv", "projection.project_bn"),
)
_NVIDIA = ("expand.conv", "expand.bn", "depsep.conv", "depsep.bn", "se.squeeze", "se.expand", "proj.conv", "proj.bn")
_KERAS = (*("expand_conv", "expand_bn", "dwconv", "bn", "se_reduce", "se_expand", "project_conv", "project_bn"),)

STYLES = (
    KeyStyle(
        "timm",
        ("conv_stem", "bn1", "conv_head", "bn2", "classifier"),
        re.compile(r"blocks\.(?P<stage>[0-9]{1,4})\.(?P<block>[0-9]{1,4})\.(?P<layer>.+)"),
        _TIMM_FIRST,
        _TIMM,
    ),
    KeyStyle(
        "efficientnet_pytorch",
        ("_conv_stem", "_bn0", "_conv_head", "_bn1", "_fc"),
        re.compile(r"_blocks\.(?P<block>[0-9]{1,4})\.(?P<layer>.+)"),
        _LUKEMELAS[2:],
        _LUKEMELAS,
    ),
    KeyStyle(
        "transformers",
        (
            "embeddings.convolution",
            "embeddings.batchnorm",
            "encoder.top_conv",
            "encoder.top_bn",
            "classifier",
        ),
        re.compile(r"encoder\.blocks\.(?P<block>[0-9]{1,4})\.(?P<layer>.+)"),
        _TRANSFORMERS[2:],
        _TRANSFORMERS,
    ),
    KeyStyle(
        "nvidia",
        ("stem.conv", "stem.bn", "features.conv", "features.bn", "classifier.fc"),
        re.compile(r"layers\.(?P<stage>[0-9]{1,4})\.block(?P<block>[0-9]{1,4})\.(?P<layer>.+)"),
        _NVIDIA[2:],
        _NVIDIA,
    ),
    KeyStyle(
        "keras",
        ("stem_conv", "stem_bn", "top_conv", "top_bn", "predictions"),
        re.compile(r"block(?P<stage>[0-9]{1,4})(?P<block>[a-z])_(?P<layer>.+)"),
        _KERAS[2:],
        _KERAS,
        stages_from=1,
    ),
)
_NVIDIA_STAGE = re.compile(r"^layer([1-9])\.(?=block)")  # in NVIDIA's first files; later ones have layers.0
STEMS = (f"{ENDS[0]}.weight", *(f"{style.ends[0]}.weight" for style in STYLES))


def network_in(content: object, entry: str | None = None) -> tuple[dict[str, Tensor], str, list[str]]:
    """The tensors of the network in a file's content; see ``find_state_dict``.

    Raises:
        CheckpointError: there are no tensors, several networks and no single average, or no such entry.
    """
    return find_state_dict(from_keras(content) if is_keras(content) else content, STEMS, entry)  # type: ignore[arg-type]


def to_torchvision(tensors: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], str]:
    """The same tensors under torchvision's names, and the style of the old names.

    Names that the style does not have stay as they are, for the comparison with the network to report.

    Raises:
        CheckpointError: no style is recognised, blocks cannot be told apart, or two names mean the same tensor.
    """
    if f"{ENDS[0]}.weight" in tensors:
        return dict(tensors), TORCHVISION
    tensors = {_NVIDIA_STAGE.sub(lambda stage: f"layers.{int(stage[1]) - 1}.", name): t for name, t in tensors.items()}
    for style in STYLES:
        blocks = any(style.block.fullmatch(name.rpartition(".")[0]) for name in tensors)
        if f"{style.ends[0]}.weight" in tensors and blocks:
            return _converted(tensors, style), style.name
    raise CheckpointError(
        f"not an EfficientNet in a known key style: its tensors are {quoted(tensors)}; "
        f"expected the names of {', '.join([TORCHVISION, *(style.name for style in STYLES)])}"
    )


def _converted(tensors: Mapping[str, Tensor], style: KeyStyle) -> dict[str, Tensor]:
    ends = dict(zip(style.ends, ENDS, strict=True))
    first, later = dict(zip(style.first, FIRST, strict=True)), dict(zip(style.later, LATER, strict=True))
    positions = _positions(tensors, style)

    def converted(name: str) -> str:
        module, _, leaf = name.rpartition(".")
        if module in ends:
            return f"{ends[module]}.{leaf}"
        if found := style.block.fullmatch(module):
            stage, block = positions[_place(found)]
            layer = (later if stage else first).get(found["layer"])
            return name if layer is None else f"features.{stage + 1}.{block}.block.{layer}.{leaf}"
        return name

    return renamed((converted(name), tensor) for name, tensor in tensors.items())


def _place(module: re.Match[str]) -> tuple[str, str]:
    return module.groupdict().get("stage", ""), module["block"]


def _positions(tensors: Mapping[str, Tensor], style: KeyStyle) -> dict[tuple[str, str], tuple[int, int]]:
    """Stage and block, counted from 0, for every (stage, block) as the style writes it."""
    modules = (style.block.fullmatch(name.rpartition(".")[0]) for name in tensors)
    places = {_place(module) for module in modules if module}
    if any(stage for stage, _ in places):
        return {
            (stage, block): (int(stage) - style.stages_from, int(block) if block.isdigit() else ord(block) - ord("a"))
            for stage, block in places
        }
    running = _running_positions(tensors, sorted((block for _, block in places), key=int), style)
    return {("", block): position for block, position in running.items()}


def _running_positions(tensors: Mapping[str, Tensor], blocks: list[str], style: KeyStyle) -> dict[str, tuple[int, int]]:
    """Positions where blocks are numbered across stages: blocks of one stage share output channels, kernel and expansion."""
    expansion, depthwise, projection = style.later[0], style.later[2], style.later[6]
    prefix = style.block.pattern.partition("(")[0].replace("\\", "")

    def looks(block: str) -> tuple:
        layers = [tensors.get(f"{prefix}{block}.{layer}.weight") for layer in (projection, depthwise, expansion)]
        project, depth, expand = layers
        if project is None or depth is None or project.ndim != 4 or depth.ndim != 4:
            raise CheckpointError(
                f"block {block} has no depthwise and projection convolutions; expected an EfficientNet's"
            )
        return project.shape[0], depth.shape[2], expand is not None

    stages = [list(stage) for _, stage in groupby(blocks, looks)]
    if len(stages) != len(STAGES):
        raise CheckpointError(f"{len(stages)} stages of equal blocks; an EfficientNet has {len(STAGES)}")
    return {block: (stage, index) for stage, members in enumerate(stages) for index, block in enumerate(members)}


def renamed(pairs: Iterable[tuple[str, Tensor]]) -> dict[str, Tensor]:
    """A state dict of these pairs, no two of which may have the same name."""
    tensors: dict[str, Tensor] = {}
    for name, tensor in pairs:
        if name in tensors:
            raise CheckpointError(
                f"two tensors for {quoted([name])}, under different prefixes; save the state_dict() of one network"
            )
        tensors[name] = tensor
    return tensors
