"""How a network's pixels are normalised: the mean that training subtracted and the standard deviation it divided by.

Normalisation is part of a checkpoint, as padding is: no tensor records it, and with another one the same weights are less
accurate. This file holds plain numbers, without torch; ``models.images`` applies them.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

CHANNELS = 3
NORMALISATION = "normalisation"  # its key in a checkpoint's metadata and in a manifest's variant


@dataclass(frozen=True)
class Normalisation:
    """What is subtracted from a pixel, and what the difference is divided by, per channel, for values in [0, 1].

    Attributes:
        mean: of red, green and blue; a pixel of this colour is 0 to the network.
        std: of red, green and blue, above 0.

    Raises:
        ValueError: there are not three finite values of each, or a standard deviation is not above 0.
    """

    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def __post_init__(self):
        for name in ("mean", "std"):
            object.__setattr__(self, name, _triple(name, getattr(self, name)))
        if min(self.std) <= 0:
            raise ValueError(f"normalisation's std is {list(self.std)}; expected three numbers above 0")

    @property
    def name(self) -> str:
        """Its name in ``NORMALISATIONS``, "" where it has none."""
        return next((name for name, known in NORMALISATIONS.items() if known == self), "")

    def record(self) -> dict[str, list[float]]:
        """As JSON and TOML hold it: ``{"mean": [...], "std": [...]}``."""
        return {"mean": list(self.mean), "std": list(self.std)}

    def __str__(self) -> str:
        numbers = f"mean {_listed(self.mean)}, std {_listed(self.std)}"
        return f"{self.name} ({numbers})" if self.name else numbers


def _triple(name: str, values: object) -> tuple[float, ...]:
    numbers = tuple(values) if isinstance(values, (list, tuple)) else ()
    if len(numbers) != CHANNELS or not all(map(_is_finite, numbers)):
        raise ValueError(f"normalisation's {name} is {values!r}; expected three finite numbers, one for each of RGB")
    return tuple(map(float, numbers))


def _is_finite(number: object) -> bool:
    try:
        return isinstance(number, (int, float)) and not isinstance(number, bool) and math.isfinite(number)
    except OverflowError:  # an integer beyond every float
        return False


def _listed(values: tuple[float, ...]) -> str:
    return " ".join(f"{value:.4g}" for value in values)


IMAGENET = Normalisation((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
LITE = Normalisation((127 / 255,) * 3, (128 / 255,) * 3)  # Google's code for EfficientNet-Lite: (pixel - 127) / 128
HALF = Normalisation(
    (0.5,) * 3, (0.5,) * 3
)  # from -1 to 1: TensorFlow's "inception", used by many of timm's checkpoints
NORMALISATIONS = {"imagenet": IMAGENET, "lite": LITE, "half": HALF}


def normalisation_from(value: object) -> Normalisation:
    """A normalisation from its name in ``NORMALISATIONS``, or from ``{"mean": [...], "std": [...]}``.

    Raises:
        ValueError: the value is neither, or one of its standard deviations is not a positive number.
    """
    if isinstance(value, str) and value in NORMALISATIONS:
        return NORMALISATIONS[value]
    if isinstance(value, Mapping) and set(value) == {"mean", "std"}:
        return Normalisation(value["mean"], value["std"])
    raise ValueError(
        f"normalisation = {value!r} is not understood; choose from {', '.join(NORMALISATIONS)} "
        "or give a mean and a std of three numbers each"
    )
