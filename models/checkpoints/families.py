"""Which family a network belongs to, which tensors alone do not tell: by key style, by clues, by statistics."""

import re
from collections.abc import Mapping

from torch import Tensor

from models.checkpoints.clues import Clues
from models.checkpoints.heads import hidden_layers
from models.checkpoints.key_styles import TORCHVISION
from models.checkpoints.padding_check import better, misfit, sample_images
from models.checkpoints.recognition import (
    check_values,
    fitted,
    has_gates,
    num_classes,
    observed_widths,
    recognised_scaling,
)
from models.checkpoints.weight_files import CheckpointError
from models.efficientnet import meta_network
from models.home import SAMPLES
from models.normalisation import Normalisation
from models.scaling import FAMILIES, SCALINGS, Scaling, scaled_widths

TORCHVISIONS_B2 = 288  # pixels; torchvision's other networks were trained at the paper's resolutions


def recognised_family(tensors: Mapping[str, Tensor], key_style: str, clues: Clues) -> tuple[str, str]:
    """The family of a network, from its tensors, from the clues beside them and from the library that its names belong to.

    lukemelas, transformers and Keras carry Google's weights, which are ``tf`` (transformers and Keras pad as SAME does at
    the input size each network was made for, and otherwise at even sizes), or ``lite`` without gates. torchvision's B5 to B7
    and NVIDIA's networks are ``tv``. timm's ``efficientnet_*`` and ``tf_efficientnet_*`` have the same tensors: a clue tells
    which it is, or else the statistics on the sample photographs.

    Returns:
        The family, and how it is known, in words.

    Raises:
        CheckpointError: the names are timm's, there is no clue, and the statistics fit neither family clearly better.
    """
    gates, named = has_gates(tensors), f"as {key_style} builds them"
    if key_style == "timm":
        clue = clues.family
        if clue and FAMILIES[clue].squeeze_excite == gates and _has_widths(clues.architecture, tensors, clue):
            return clue, clues.origin
        return fitting_family(tensors, ("b", "tf") if gates else ("lite-b", "lite"), clues.normalisation)
    if not gates:
        return "lite", named
    if key_style == TORCHVISION:
        widths = observed_widths(tensors)
        return "tv" if any(widths == scaled_widths(SCALINGS[name]) for name in ("b5", "b6", "b7")) else "b", named
    return "tv" if key_style == "nvidia" else "tf", named


def _has_widths(architecture: str, tensors: Mapping[str, Tensor], family: str) -> bool:
    """Whether the architecture's number agrees with the tensors, or there is no number to compare."""
    number = re.search(r"(?:_b|-b|lite)([0-7])(?![0-9])", architecture)
    if number is None:
        return True
    scaling = SCALINGS[f"b{number[1]}"]
    return observed_widths(tensors) == scaled_widths(scaling, family)


def fitting_family(
    tensors: Mapping[str, Tensor], families: tuple[str, ...], normalisation: Normalisation | None
) -> tuple[str, str]:
    """The family, of several with the same tensors, whose BatchNorm statistics fit best on the sample photographs.

    Raises:
        CheckpointError: none fits clearly better, as with untrained weights.
    """
    scaling = recognised_scaling(observed_widths(tensors), families[0])
    misfits = {}
    for family in families if SAMPLES.is_dir() else ():
        whole = fitted(tensors, scaling, family)
        check_values(whole)
        network = meta_network(scaling, num_classes(whole), family, hidden_layers(whole))
        network.load_state_dict({n: t.float() if t.is_floating_point() else t for n, t in whole.items()}, assign=True)
        known = normalisation or FAMILIES[family].normalisation
        misfits[family] = misfit(network.eval(), sample_images(own_resolution(scaling, family), known))
    best = better(misfits) if misfits else None
    if best is None:
        raise CheckpointError(
            f"its names are timm's, whose efficientnet_* and tf_efficientnet_* have the same tensors and pad differently, and "
            f"nothing beside the file says which it is; give the family, {' or '.join(families)}, or put its config.json "
            "beside it"
        )
    numbers = " against ".join(f"{misfits[name]:.3f}" for name in sorted(misfits, key=lambda name: misfits[name]))
    return best, f"its BatchNorms' statistics fit the sample photographs best this way, {numbers}"


def own_resolution(scaling: Scaling, family: str, key_style: str = "") -> int:
    """Resolution of the released network with these tensors, in pixels; B0's where there is no such network."""
    widths = scaled_widths(scaling, family)
    name = next((name for name, other in SCALINGS.items() if scaled_widths(other, family) == widths), "b0")
    if key_style == TORCHVISION and name == "b2":
        return TORCHVISIONS_B2
    return SCALINGS[name].input_size
