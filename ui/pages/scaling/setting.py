"""One setting of the lesson, by hand or by the compound rule, and the sliders that it is made with."""

from functools import cache
from typing import NamedTuple

from cam.paper.tables import paper
from models.costs import NetworkCost, network_cost
from models.scaling import BASE_RESOLUTION, SCALINGS, Candidate, Scaling, grid_candidates

BY_HAND, BY_RULE = "hand", "rule"
MODES = {BY_HAND: "One by one", BY_RULE: "Compound rule"}
NEAR_TARGET = 0.1  # how far from 2 the cost of the search's candidates may be


class Setting(NamedTuple):
    """What the sliders say: a network, and the rule that made it (None where it was set by hand)."""

    scaling: Scaling
    phi: float | None = None
    rule: Candidate | None = None

    @property
    def multipliers(self) -> tuple[float, float, float]:
        """d, w, r."""
        return self.scaling.depth_mult, self.scaling.width_mult, self.scaling.input_size / BASE_RESOLUTION

    @property
    def cost(self) -> NetworkCost:
        """The cost of the network, counted layer by layer."""
        return network_cost(self.scaling)

    @property
    def gflops(self) -> float:
        """Multiply-adds in the paper's unit."""
        return self.cost.macs / 1e9

    @property
    def predicted_growth(self) -> float:
        """d * w^2 * r^2: the factor by which the multiply-adds grow according to equation 3."""
        depth, width, resolution = self.multipliers
        return depth * width**2 * resolution**2

    @property
    def counted_growth(self) -> float:
        """The factor by which they grow when counted: channels and layers are rounded, stem and classifier scale otherwise."""
        return self.cost.macs / network_cost(SCALINGS["b0"]).macs

    @property
    def variant(self) -> str:
        """The variant whose colour the setting has: the one dimension that moved, or compound."""
        if self.rule is not None:
            return "compound"
        names = ("depth", "width", "resolution")
        moved = [name for name, value in zip(names, self.multipliers, strict=True) if value != 1]
        return "baseline" if not moved else moved[0] if len(moved) == 1 else "compound"


@cache
def candidates() -> tuple[Candidate, ...]:
    """The grid of the search, computed once."""
    return tuple(grid_candidates())


def near_target(rule: Candidate) -> bool:
    """Whether one step of phi about doubles the cost."""
    return abs(rule.cost - paper().rule["target"]) <= NEAR_TARGET


class Slider(NamedTuple):
    """A slider: its names on the page and in the address, its range, start and step, a tooltip, and a format."""

    label: str
    key: str
    low: float
    high: float
    start: float
    step: float
    tip: str
    form: str | None = None


def sliders(by: str) -> tuple[Slider, ...]:
    """Depth, width and resolution by hand; or phi and the multipliers of the rule, which start at the paper's."""
    if by == BY_HAND:
        pixels = "Side of the input in pixels; r is this over 224"
        return (
            Slider("Depth d", "d", 1.0, 8.0, 2.0, 0.1, "Layers of every stage, times d"),
            Slider("Width w", "w", 1.0, 5.0, 1.0, 0.1, "Channels of every stage, times w"),
            Slider("Resolution r", "px", BASE_RESOLUTION, 672, BASE_RESOLUTION, 4, pixels, "%d px"),
        )
    start = paper().rule
    longer = "Each step multiplies the pixels along a side by γ"
    return (
        Slider("Compound φ", "phi", 0.0, 7.0, 3.0, 0.1, "How many steps the network grows in all three dimensions"),
        Slider("Depth α", "alpha", 1.0, 2.0, start["alpha"], 0.01, "Each step multiplies the layers by α"),
        Slider("Width β", "beta", 1.0, 1.5, start["beta"], 0.01, "Each step multiplies the channels by β"),
        Slider("Resolution γ", "gamma", 1.0, 1.5, start["gamma"], 0.01, longer),
    )


PRESETS = {name: f"EfficientNet-{name.upper()}" for name in SCALINGS if name.startswith("b")} | {
    name: f"Table 7: {name}" for name in SCALINGS if not name.startswith("b")
}
