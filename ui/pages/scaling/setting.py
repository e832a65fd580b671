"""The sliders: one setting of the lesson, by hand or by the compound rule, kept in the page's address."""

from functools import cache
from typing import NamedTuple

import streamlit as st

from cam.paper.tables import paper
from models.costs import NetworkCost, network_cost
from models.scaling import (
    BASE_RESOLUTION,
    SCALINGS,
    Candidate,
    Scaling,
    compound_scaling,
    grid_candidates,
)
from ui.address import choose

BY_HAND, BY_RULE = "hand", "rule"
MODES = {BY_HAND: "One by one", BY_RULE: "Compound rule"}
NEAR_TARGET = 0.1  # as far from 2 as the search's candidates may be


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
        """Counted layer by layer."""
        return network_cost(self.scaling)

    @property
    def gflops(self) -> float:
        """Multiply-adds in the paper's unit."""
        return self.cost.macs / 1e9

    @property
    def predicted_growth(self) -> float:
        """d * w^2 * r^2: what equation 3 expects the multiply-adds to grow by."""
        depth, width, resolution = self.multipliers
        return depth * width**2 * resolution**2

    @property
    def counted_growth(self) -> float:
        """What they really grow by: channels and layers are rounded, stem and classifier follow other laws."""
        return self.cost.macs / network_cost(SCALINGS["b0"]).macs

    @property
    def variant(self) -> str:
        """The variant whose colour it carries: the one dimension that moved, or compound."""
        if self.rule is not None:
            return "compound"
        names = ("depth", "width", "resolution")
        moved = [name for name, value in zip(names, self.multipliers, strict=True) if value != 1]
        return "baseline" if not moved else moved[0] if len(moved) == 1 else "compound"


@cache
def candidates() -> tuple[Candidate, ...]:
    """The grid of the search, walked once."""
    return tuple(grid_candidates())


def near_target(rule: Candidate) -> bool:
    """One step of phi about doubles the cost."""
    return abs(rule.cost - paper().rule["target"]) <= NEAR_TARGET


def choose_setting(suited: str) -> Setting:
    """Draw the controls and read them; ``suited`` are those shown unless the visitor chose others."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        by = choose("Set the network", "by", MODES, suited)
        st.menu_button("Set to", _PRESETS, format_func=_PRESETS.__getitem__, key="preset", on_click=_apply_preset)
    return _by_rule() if by == BY_RULE else _by_hand()


_PRESETS = {name: f"EfficientNet-{name.upper()}" for name in SCALINGS if name.startswith("b")} | {
    name: f"Table 7: {name}" for name in SCALINGS if not name.startswith("b")
}


def _apply_preset() -> None:
    scaling = SCALINGS[st.session_state.preset]
    st.session_state.update(by=BY_HAND, d=scaling.depth_mult, w=scaling.width_mult, px=scaling.input_size)


def _by_hand() -> Setting:
    with st.grid(3, min_column_width=110, gap="small"):
        depth = _slider("Depth d", "d", 1.0, 8.0, 2.0, 0.1, "Layers of every stage, times d")
        width = _slider("Width w", "w", 1.0, 5.0, 1.0, 0.1, "Channels of every stage, times w")
        side = _slider(
            "Resolution r",
            "px",
            BASE_RESOLUTION,
            672,
            BASE_RESOLUTION,
            4,
            "Side of the input in pixels; r is this over 224",
            "%d px",
        )
    return Setting(Scaling(width_mult=width, depth_mult=depth, resolution=int(side)))


def _by_rule() -> Setting:
    start = paper().rule
    with st.grid(4, min_column_width=120, gap="small"):
        phi = _slider(
            "Compound φ", "phi", 0.0, 7.0, 3.0, 0.1, "How many steps the network grows in all three dimensions"
        )
        rule = Candidate(
            _slider("Depth α", "alpha", 1.0, 2.0, start["alpha"], 0.01, "Each step multiplies the layers by α"),
            _slider("Width β", "beta", 1.0, 1.5, start["beta"], 0.01, "Each step multiplies the channels by β"),
            _slider(
                "Resolution γ",
                "gamma",
                1.0,
                1.5,
                start["gamma"],
                0.01,
                "Each step multiplies the pixels along a side by γ",
            ),
        )
    return Setting(compound_scaling(phi, *rule), phi, rule)


def _slider(
    label: str, key: str, low: float, high: float, start: float, step: float, tip: str, form: str | None = None
) -> float:
    return st.slider(label, low, high, start, step, key=key, bind="query-params", help=tip, format=form)
