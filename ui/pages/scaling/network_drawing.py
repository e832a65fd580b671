"""A network drawn to scale: each stage a block whose length, height and face are layers, channels, resolution."""

from html import escape
from typing import NamedTuple

from models.costs import NetworkCost, StageCost
from ui.pages.scaling.svg import number
from ui.palette import COLOURS

WIDTH, HEIGHT = 1200, 264
BASELINES = (76, 216)  # where the blocks of B0 and of the present setting stand
GAP, NARROWEST = 14, 128
LARGEST_LAYER, LARGEST_CHANNEL, LARGEST_PIXEL = 26, 0.2, 0.5  # units of the drawing
TALLEST, DEEPEST = 98, 84
SLANT = 0.55
KEY = "length: layers · height: channels · face: pixels"


class Scale(NamedTuple):
    """Units of the drawing for one layer, one channel and one pixel: the same for both networks."""

    layer: float
    channel: float
    pixel: float

    def slot(self, stages: tuple[StageCost, StageCost]) -> float:
        """Room that a stage needs along the drawing, in the larger of both networks."""
        return GAP + max(NARROWEST, *(s.layers * self.layer + s.resolution * self.pixel for s in stages))


def network_drawing(base: NetworkCost, present: NetworkCost, variant: str) -> str:
    """SVG of B0 above and the present network below, stage under stage; each stage is a button.

    The head is left out: its 1280 channels would dwarf everything.

    Args:
        base: what to compare with.
        present: the network that the sliders describe.
        variant: whose colour the present network carries.
    """
    pairs = list(zip(_drawn(base), _drawn(present), strict=True))
    scale = _fitting_scale(pairs)
    parts = [_title(BASELINES[0] - 57, "EfficientNet-B0", base), _title(BASELINES[1] - 92, "Now", present)]
    parts.append(f'<text class="quiet" x="640" y="{BASELINES[0] - 57}">{KEY}</text>')
    left = 2.0
    for place, (old, new) in enumerate(pairs):
        slot = scale.slot((old, new))
        parts += [_block(left, BASELINES[0], old, scale, COLOURS["baseline"]), _label(left, BASELINES[0], old)]
        parts += [_block(left, BASELINES[1], new, scale, COLOURS[variant]), _label(left, BASELINES[1], new, old)]
        parts.append(f'<text class="quiet" x="{left}" y="{BASELINES[1] + 43}">{escape(_short(new.operator))}</text>')
        parts.append(_button(place, left, min(slot, WIDTH - left), new))
        left += slot
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" class="network">{"".join(parts)}</svg>'


def _button(place: int, left: float, width: float, stage: StageCost) -> str:
    """What ``show_choices`` makes a button of: the room over a stage of both networks."""
    name = f"Stage {place}" if place else "The stem"
    said = f"{name}: {stage.channels} channels of {stage.resolution} × {stage.resolution}, open it"
    room = f'x="{left - 2:.1f}" y="24" width="{width - 2:.1f}" height="{HEIGHT - 24}" rx="8"'
    return f'<rect class="choice" role="button" tabindex="0" data-choice="{place}" aria-label="{said}" {room}/>'


def _drawn(cost: NetworkCost) -> tuple[StageCost, ...]:
    return cost.stages[:-2]


def _fitting_scale(pairs: list[tuple[StageCost, StageCost]]) -> Scale:
    """The largest units at which everything fits; growth in one dimension spares the units of the others."""
    stages = [stage for pair in pairs for stage in pair]
    scale = Scale(
        LARGEST_LAYER,
        min(LARGEST_CHANNEL, TALLEST / max(stage.channels for stage in stages)),
        min(LARGEST_PIXEL, DEEPEST / max(stage.resolution for stage in stages)),
    )
    while sum(map(scale.slot, pairs)) > WIDTH and scale.layer > 1e-3:
        scale = scale._replace(layer=scale.layer * 0.97)
    return scale


def _block(left: float, base: float, stage: StageCost, scale: Scale, colour: str) -> str:
    """A cuboid in oblique projection, its layers marked where they are wide enough to be told apart."""
    length, height, deep = stage.layers * scale.layer, stage.channels * scale.channel, stage.resolution * scale.pixel
    top, rise, right = base - height, deep * SLANT, left + length
    lid = _polygon((left, top), (left + deep, top - rise), (right + deep, top - rise), (right, top))
    side = _polygon((right, top), (right + deep, top - rise), (right + deep, base - rise), (right, base))
    front = _polygon((left, top), (right, top), (right, base), (left, base))
    shades = "".join(
        f'<path d="{path}" fill="{colour}" fill-opacity="{shade}" stroke="{colour}"/>'
        for path, shade in ((lid, 0.28), (side, 0.5), (front, 0.88))
    )
    cuts = [left + i * scale.layer for i in range(1, stage.layers)] if scale.layer >= 4 else []
    lines = "".join(f"M{x:.1f},{base:.1f}L{x:.1f},{top:.1f}l{deep:.1f},{-rise:.1f}" for x in cuts)
    return f'{shades}<path class="cut" d="{lines}"/>'


def _polygon(*corners: tuple[float, float]) -> str:
    return "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in corners) + "Z"


def _label(left: float, base: float, stage: StageCost, before: StageCost | None = None) -> str:
    """Layers, channels and resolution; those that differ from ``before`` are bold."""
    values = [(f"{stage.layers}", "layers"), (f"{stage.channels}", "channels"), (f"{stage.resolution}", "resolution")]
    spans = []
    for text, name in values:
        changed = before is not None and getattr(stage, name) != getattr(before, name)
        spans.append(
            f'<tspan class="{"changed" if changed else ""}">{text}{"²" if name == "resolution" else ""}</tspan>'
        )
    return f'<text x="{left}" y="{base + 22}">{" × ".join(spans)}</text>'


def _title(top: float, name: str, cost: NetworkCost) -> str:
    facts = f"{number(cost.params)} parameters · {number(cost.macs)} multiply-adds · {cost.grid} × {cost.grid} map"
    return f'<text x="2" y="{top}"><tspan class="name">{name}</tspan><tspan dx="12">{facts}</tspan></text>'


def _short(operator: str) -> str:
    """``MBConv6 k5x5`` -> ``MBConv6 5×5``; the paper's ``Conv3x3`` is the stem."""
    return "stem 3×3" if operator.startswith("Conv") else operator.replace(" k", " ").replace("x", "×")
