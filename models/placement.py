"""Where a trained network's cells really look: one offset per network from the centres that follow from its strides and paddings.

Trained kernels lean to one side, by 5 to 24 input pixels on real weights. The offset is measured (``models.mirror_test``),
recorded with a checkpoint or in a manifest, and added to the nominal centres of the last map wherever one is drawn.
This file holds plain numbers, without torch.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

PLACEMENT = "placement"  # its key in a checkpoint's metadata and in a manifest's variant
MOST_PIXELS = 64.0  # two cells: no kernels lean that far


@dataclass(frozen=True)
class Placement:
    """How far the cells of the last map look from their nominal centres, in input pixels.

    Attributes:
        right: what to add to the centres of columns.
        down: what to add to the centres of rows.
        photographs: number of photographs that it was measured on; 0 where unknown.
        error: standard errors of ``right`` and ``down``; 0 where unknown.

    Raises:
        ValueError: a number is not finite, or an offset is more than two cells.
    """

    right: float = 0.0
    down: float = 0.0
    photographs: int = 0
    error: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self):
        numbers = (self.right, self.down, *self.error)
        if not all(_is_finite(number) for number in numbers) or max(map(abs, numbers[:2])) > MOST_PIXELS:
            raise ValueError(
                f"placement is {numbers[:2]}; expected input pixels to the right and down, between -{MOST_PIXELS:g} "
                f"and {MOST_PIXELS:g}"
            )

    def record(self) -> dict[str, float | int | list[float]]:
        """As JSON and TOML hold it."""
        return {"right": self.right, "down": self.down, "photographs": self.photographs, "error": list(self.error)}

    def __str__(self) -> str:
        errors = f" (standard errors {self.error[0]:.1f}, {self.error[1]:.1f}, {self.photographs} photographs)"
        return f"{self.right:+.1f} px right, {self.down:+.1f} px down" + (errors if self.photographs else "")


def placement_from(value: object) -> Placement:
    """A placement from ``[right, down]``, or from what ``Placement.record`` returns.

    Raises:
        ValueError: the value is neither, or its numbers are not an offset.
    """
    if isinstance(value, (list, tuple)) and len(value) == 2 and all(map(_is_finite, value)):
        return Placement(float(value[0]), float(value[1]))
    if isinstance(value, Mapping) and {"right", "down"} <= set(value) <= {"right", "down", "photographs", "error"}:
        error, photographs = value.get("error", (0.0, 0.0)), value.get("photographs", 0)
        numbers = [value["right"], value["down"], photographs, *(error if isinstance(error, (list, tuple)) else [None])]
        if len(numbers) == 5 and all(map(_is_finite, numbers)):
            right, down, _, *errors = map(float, numbers)
            return Placement(right, down, int(photographs), (errors[0], errors[1]))
    raise ValueError(f"placement = {value!r} is not understood; expected [right, down] in input pixels")


def _is_finite(number: object) -> bool:
    return isinstance(number, (int, float)) and not isinstance(number, bool) and abs(number) < math.inf


NOMINAL = Placement()
