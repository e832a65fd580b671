"""Names of parameters: find the state dict inside a checkpoint and give its tensors torchvision's names.

torchvision, timm, lukemelas' efficientnet_pytorch (with the Lite networks made from it) and Hugging Face transformers
name the same tensors differently. Each style is a table from the names of its modules to torchvision's.

References:
    https://github.com/pytorch/vision, https://github.com/huggingface/pytorch-image-models,
    https://github.com/lukemelas/EfficientNet-PyTorch, https://github.com/huggingface/transformers
"""

import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import NamedTuple

from torch import Tensor

from models.scaling import STAGES
from models.weight_files import CheckpointError, quoted

AVERAGED = (
    "state_dict_ema",
    "model_ema",
    "ema",
)  # averages over training are the weights to evaluate: taken first
WRAPPERS = ("state_dict", "model", "model_state_dict")
PREFIXES = ("module.", "model.", "_orig_mod.", "efficientnet.")
DEEPEST = 5
COUNTER = "n_averaged"  # torch.optim.swa_utils.AveragedModel counts here; not a weight

TORCHVISION = "torchvision"
ENDS = (
    "features.0.0",
    "features.0.1",
    "features.8.0",
    "features.8.1",
    "classifier.1",
)  # stem, head, classifier
LATER = ("0.0", "0.1", "1.0", "1.1", "2.fc1", "2.fc2", "3.0", "3.1")  # expansion, depthwise, gate, projection
FIRST = ("0.0", "0.1", "1.fc1", "1.fc2", "2.0", "2.1")  # the same in the first stage, where nothing expands


class KeyStyle(NamedTuple):
    """How a library names the modules of an EfficientNet.

    Attributes:
        name: of the style.
        ends: the library's names for ``ENDS``; the first is how the style is recognised.
        block: pattern of a module in a block: its position (stage and block, or a running number), then its layer.
        first: the library's names for ``FIRST``.
        later: the library's names for ``LATER``.
    """

    name: str
    ends: tuple[str, ...]
    block: re.Pattern[str]
    first: tuple[str, ...]
    later: tuple[str, ...]


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

STYLES = (
    KeyStyle(
        "timm",
        ("conv_stem", "bn1", "conv_head", "bn2", "classifier"),
        re.compile(r"blocks\.([0-9]{1,4}\.[0-9]{1,4})\.(.+)"),
        _TIMM_FIRST,
        _TIMM,
    ),
    KeyStyle(
        "efficientnet_pytorch",
        ("_conv_stem", "_bn0", "_conv_head", "_bn1", "_fc"),
        re.compile(r"_blocks\.([0-9]{1,4})\.(.+)"),
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
        re.compile(r"encoder\.blocks\.([0-9]{1,4})\.(.+)"),
        _TRANSFORMERS[2:],
        _TRANSFORMERS,
    ),
)


def unwrap(content: object) -> tuple[dict[str, Tensor], str]:
    """The state dict in what a training program saved, without the prefixes of DataParallel, compile or Lightning.

    Args:
        content: what the file holds: a state dict, or dictionaries around one.

    Returns:
        Tensors by name, and the entries they were found under, joined by dots (empty if there were none).

    Raises:
        CheckpointError: no state dict, or several and none of them an average.
    """
    path: list[str] = []
    while (entry := _wrapper(content)) is not None:
        if len(path) == DEEPEST:
            raise CheckpointError(f"no tensors within {DEEPEST} nested dictionaries; save the state_dict() alone")
        path.append(entry)
        content = content[entry]  # type: ignore[index]
    return _without_prefixes(_tensors(content)), ".".join(path)


def _wrapper(content: object) -> str | None:
    if not isinstance(content, Mapping):
        return None
    entries = [entry for entry in (*AVERAGED, *WRAPPERS) if isinstance(content.get(entry), Mapping)]
    if len(entries) > 1 and entries[0] not in AVERAGED:
        raise CheckpointError(f"two state dicts, under {entries[0]!r} and {entries[1]!r}; save one of them alone")
    return entries[0] if entries else None


def _tensors(content: object) -> dict[str, Tensor]:
    if not isinstance(content, Mapping):
        raise CheckpointError(
            f"it holds a {type(content).__name__}; expected a dictionary of tensors: save the state_dict()"
        )
    others = [name for name, value in content.items() if not (isinstance(name, str) and isinstance(value, Tensor))]
    if others or not content:
        came = f"entries that are not tensors ({quoted(others)})" if others else "no tensors"
        raise CheckpointError(f"it holds {came}; expected a dictionary of tensors: save the state_dict() alone")
    return dict(content)


def _without_prefixes(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    def bare(name: str) -> str:
        while name.startswith(PREFIXES):
            name = name.partition(".")[2]
        return name

    return _renamed((bare(name), tensor) for name, tensor in tensors.items() if name != COUNTER)


def to_torchvision(tensors: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], str]:
    """The same tensors under torchvision's names, and the style they came in.

    Names that the style does not have stay as they are, for the comparison with the network to report.

    Raises:
        CheckpointError: no style is recognised, blocks cannot be told apart, or two names mean the same tensor.
    """
    if f"{ENDS[0]}.weight" in tensors:
        return dict(tensors), TORCHVISION
    for style in STYLES:
        if f"{style.ends[0]}.weight" in tensors:
            return _converted(tensors, style), style.name
    raise CheckpointError(
        f"no EfficientNet in a known key style, its tensors are {quoted(tensors)}; "
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
            stage, block = positions[found[1]]
            layer = (later if stage else first).get(found[2])
            return name if layer is None else f"features.{stage + 1}.{block}.block.{layer}.{leaf}"
        return name

    return _renamed((converted(name), tensor) for name, tensor in tensors.items())


def _positions(tensors: Mapping[str, Tensor], style: KeyStyle) -> dict[str, tuple[int, int]]:
    """Stage and block, counted from 0, of every block as the style writes it."""
    modules = (style.block.fullmatch(name.rpartition(".")[0]) for name in tensors)
    blocks = {module[1] for module in modules if module}
    if any("." in block for block in blocks):
        return {block: (int(block.partition(".")[0]), int(block.partition(".")[2])) for block in blocks}
    return _running_positions(tensors, sorted(blocks, key=int), style)


def _running_positions(tensors: Mapping[str, Tensor], blocks: list[str], style: KeyStyle) -> dict[str, tuple[int, int]]:
    """Where blocks are numbered through: neighbours of one stage share output channels, kernel and expansion."""
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
        raise CheckpointError(f"{len(stages)} stages of like blocks; an EfficientNet has {len(STAGES)}")
    return {block: (stage, index) for stage, members in enumerate(stages) for index, block in enumerate(members)}


def _renamed(pairs: Iterable[tuple[str, Tensor]]) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
    for name, tensor in pairs:
        if name in tensors:
            raise CheckpointError(
                f"two tensors for {quoted([name])}, under different prefixes; save the state_dict() of one network"
            )
        tensors[name] = tensor
    return tensors
