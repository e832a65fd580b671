"""What tensors tell about their network: its scaling, and whether they fit.

Only names, shapes and types are used until everything fits; only then are values read.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import torch
from torch import Tensor

from models.checkpoints.heads import head_layers, hidden_layers
from models.checkpoints.weight_files import CheckpointError, quoted
from models.costs import MOST_WIDE_PIXELS
from models.efficientnet import meta_network
from models.scaling import CHANNEL_DIVISOR, FAMILIES, SCALINGS, STAGES, UNRECORDED, Scaling, Widths, scaled_widths

LARGEST_MULTIPLIER = 10
LARGEST_RESOLUTION = 4096  # pixels; what a file records must not decide how much memory is taken
FINEST_DIGITS = 4
FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
INTEGERS = (torch.int64, torch.int32)


def observed_widths(tensors: Mapping[str, Tensor]) -> Widths:
    """Channels and layers of every part, read off the shapes of a state dict with torchvision's names.

    Raises:
        CheckpointError: a stage or the head is missing.
    """

    def channels(name: str) -> int:
        tensor = tensors.get(f"{name}.weight")
        if tensor is None or tensor.ndim != 4:
            raise CheckpointError(f"no convolution {name}; expected every stage of an EfficientNet")
        return tensor.shape[0]

    stages = range(1, len(STAGES) + 1)
    blocks = {tuple(name.split(".")[1:3]) for name in tensors if ".block." in name}
    return Widths(
        stem=channels("features.0.0"),
        stages=tuple(channels(f"features.{stage}.0.block.{2 if stage == 1 else 3}.0") for stage in stages),
        layers=tuple(sum(block[0] == str(stage) for block in blocks) for stage in stages),
        head=channels("features.8.0"),
    )


def has_gates(tensors: Mapping[str, Tensor]) -> bool:
    """Whether the blocks carry squeeze-and-excitation gates."""
    return any(".fc1." in name for name in tensors)


def check_family(tensors: Mapping[str, Tensor], family: str) -> None:
    """Refuse a family, given or recorded, that the squeeze-and-excitation gates of the blocks contradict.

    Raises:
        CheckpointError: the message lists the families that fit.
    """
    gates = has_gates(tensors)
    if FAMILIES[family].squeeze_excite != gates:
        fitting = ", ".join(name for name, traits in FAMILIES.items() if traits.squeeze_excite == gates)
        came = "squeeze-and-excitation" if gates else "no squeeze-and-excitation"
        raise CheckpointError(f"its blocks have {came}, unlike family {family!r}; choose from {fitting}")


def recognised_scaling(widths: Widths, family: str, resolution: int | None = None) -> Scaling:
    """The first named scaling with these channels and layers, else the simplest decimal multipliers that give them.

    No tensor depends on the resolution, so it is ``"unrecorded"`` unless it is given: B0 has the same tensors at any
    resolution.

    Raises:
        CheckpointError: no multipliers give these channels and layers; the message says where the nearest differ.
    """
    for named in SCALINGS.values():
        if scaled_widths(named, family) == widths:
            return replace(named, resolution=resolution or UNRECORDED)
    width = _simplest(
        lambda value: _channels(scaled_widths(Scaling(width_mult=value), family)),
        _channels(widths),
        low=(widths.stages[-1] - CHANNEL_DIVISOR) / STAGES[-1].channels,
        high=(widths.stages[-1] + CHANNEL_DIVISOR) / STAGES[-1].channels,
    )
    depth = _simplest(
        lambda value: _layers(scaled_widths(Scaling(depth_mult=value), family)),
        _layers(widths),
        low=(widths.layers[-2] - 1) / STAGES[-2].layers,
        high=widths.layers[-2] / STAGES[-2].layers,
    )
    return Scaling(width, depth, resolution or UNRECORDED)


def _channels(widths: Widths) -> dict[str, int]:
    stages = {f"channels of stage {i}": channels for i, channels in enumerate(widths.stages, 1)}
    return {"channels of the stem": widths.stem, **stages, "channels of the head": widths.head}


def _layers(widths: Widths) -> dict[str, int]:
    return {f"layers of stage {i}": layers for i, layers in enumerate(widths.layers, 1)}


def _simplest(law: Callable[[float], dict[str, int]], came: dict[str, int], low: float, high: float) -> float:
    """The multiplier with the fewest decimals that ``law`` turns into ``came``.

    Raises:
        CheckpointError: there is none up to ``LARGEST_MULTIPLIER``.
    """
    if low > LARGEST_MULTIPLIER:
        raise CheckpointError(
            f"scaled more than {LARGEST_MULTIPLIER} times; expected multipliers up to {LARGEST_MULTIPLIER}"
        )
    nearest: dict[str, int] = {}
    for unit in (10**digits for digits in range(FINEST_DIGITS + 1)):
        for count in range(max(1, math.ceil(low * unit)), math.floor(high * unit) + 1):
            expected = law(count / unit)
            if expected == came:
                return count / unit
            nearest = max(nearest or expected, expected, key=lambda parts: sum(parts[k] == came[k] for k in came))
    raise CheckpointError(f"not a scaling of EfficientNet-B0: {_difference(came, nearest)} in the nearest one")


def _difference(came: dict[str, int], expected: dict[str, int]) -> str:
    part = next(part for part in came if came[part] != expected[part])
    return f"{part} came as {came[part]}, expected {expected[part]}"


def check_scaling(widths: Widths, scaling: Scaling, family: str) -> None:
    """Refuse a scaling, given or recorded, that does not fit the tensors.

    Raises:
        CheckpointError: the message names the first part that differs, or the scaling is too large.
    """
    if max(scaling.width_mult, scaling.depth_mult) > LARGEST_MULTIPLIER:
        raise CheckpointError(
            f"scaled more than {LARGEST_MULTIPLIER} times; expected multipliers up to {LARGEST_MULTIPLIER}"
        )
    if scaling.input_size > LARGEST_RESOLUTION:
        raise CheckpointError(f"resolution {scaling.resolution}; expected up to {LARGEST_RESOLUTION} pixels")
    if scaling.input_size**2 * scaling.width_mult > MOST_WIDE_PIXELS:
        raise CheckpointError(f"width {scaling.width_mult:g} at {scaling.resolution} pixels would take too much memory")
    given = scaled_widths(scaling, family)
    came, expected = {**_channels(widths), **_layers(widths)}, {**_channels(given), **_layers(given)}
    if came != expected:
        raise CheckpointError(
            f"not width {scaling.width_mult:g} and depth {scaling.depth_mult:g}: {_difference(came, expected)}; "
            "check the scaling that was given or recorded"
        )


def check_plain(tensors: Mapping[str, Tensor], stored: int) -> None:
    """Refuse tensors that are not plain numbers on the CPU, or are larger than the bytes they were read from.

    Args:
        tensors: state dict whose values have not been read yet.
        stored: size of the file in bytes. A view can claim a shape of any size over a single stored number.

    Raises:
        CheckpointError: the message names the tensors, or the sizes.
    """
    odd = [
        n
        for n, t in tensors.items()
        if t.is_nested or t.layout is not torch.strided or t.is_quantized or t.device.type != "cpu"
    ]
    if odd:
        raise CheckpointError(f"sparse, nested, quantised or empty tensors ({quoted(odd)}); expected plain ones")
    claimed = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    if claimed > stored:
        raise CheckpointError(
            f"its tensors claim {claimed:,} bytes of a file of {stored:,}; expected tensors stored in full"
        )


def fitted(tensors: Mapping[str, Tensor], scaling: Scaling, family: str) -> dict[str, Tensor]:
    """The state dict in the network's order, with every shape and type compared and absent BatchNorm counters set to 0.

    Raises:
        CheckpointError: tensors are missing, too many, of another shape or of a type that cannot hold weights.
    """
    expected = meta_network(scaling, num_classes(tensors), family, hidden_layers(tensors)).state_dict()
    counters = {name: torch.tensor(0) for name in expected if name.endswith(".num_batches_tracked")}
    tensors = {**counters, **tensors}
    if missing := expected.keys() - tensors.keys():
        raise CheckpointError(
            f"tensors are missing: {quoted(sorted(missing))}; expected a whole network with its classifier"
        )
    if extra := tensors.keys() - expected.keys():
        raise CheckpointError(
            f"tensors that no EfficientNet of family {family} has: {quoted(sorted(extra))}; expected only its own"
        )
    for name, like in expected.items():
        _check_tensor(name, tensors[name], like)
    return {name: tensors[name] for name in expected}


def _check_tensor(name: str, tensor: Tensor, like: Tensor) -> None:
    if tensor.shape != like.shape:
        raise CheckpointError(f"{name} has shape {tuple(tensor.shape)}; expected {tuple(like.shape)}")
    allowed = FLOATS if like.is_floating_point() else INTEGERS
    if tensor.dtype not in allowed:
        raise CheckpointError(
            f"{name} is {tensor.dtype}; expected {', '.join(map(str, allowed))}".replace("torch.", "")
        )


def num_classes(tensors: Mapping[str, Tensor]) -> int:
    """Outputs of the classifier.

    Raises:
        CheckpointError: there is no classifier, or it has no linear layer.
    """
    layers = head_layers(tensors)
    if not layers or not len(tensors[f"{layers[-1]}.weight"]):
        raise CheckpointError(
            "no linear classifier; expected the whole network, features alone give no class to explain"
        )
    return len(tensors[f"{layers[-1]}.weight"])


def check_values(tensors: Mapping[str, Tensor]) -> None:
    """Refuse weights that cannot come from a training that worked.

    Raises:
        CheckpointError: a tensor holds NaN or infinity, or a BatchNorm variance below 0; the message names it.
    """
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise CheckpointError(f"{name} holds NaN or infinity; expected finite numbers: use an earlier checkpoint")
        if name.endswith(".running_var") and (tensor < 0).any():
            raise CheckpointError(f"{name} holds a negative variance; expected 0 or more: use an earlier checkpoint")
