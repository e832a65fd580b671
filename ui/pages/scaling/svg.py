"""Numbers as text, and the ruler under each of them."""

import math

from ui.palette import COLOURS


def number(value: float) -> str:
    """A number with three digits and a unit: ``5.29 M``, ``386 M``, ``37.7 G``."""
    for size, unit in ((1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= size * 0.9995:
            return f"{_digits(value / size)}{unit}"
    return f"{value:g}"


def times(value: float) -> str:
    """A factor: two decimals, or none where they no longer matter."""
    return f"{value:,.2f}" if value < 100 else f"{value:,.0f}"


def _digits(value: float) -> str:
    return f"{value:.{max(0, 2 - int(math.log10(value)))}f}"


def ruler(value: float, marks: dict[str, float], variant: str) -> str:
    """A logarithmic scale with named marks and a pointer at ``value``, which stays at the end for values beyond it."""
    width, middle, margin = 300, 34, 16
    low, high = math.log(min(marks.values())), math.log(max(marks.values()))

    def place(x: float) -> float:
        return margin + (width - 2 * margin) * (math.log(x) - low) / (high - low)

    parts = [f'<path class="rail" d="M{margin},{middle}H{width - margin}"/>']
    for i, (name, mark) in enumerate(marks.items()):
        x, up = place(mark), i % 2
        parts.append(f'<path class="rail" d="M{x:.1f},{middle}v{-6 if up else 6}"/>')
        parts.append(f'<text text-anchor="middle" x="{x:.1f}" y="{middle + (-10 if up else 22)}">{name}</text>')
    x = min(max(place(value), 8), width - 8)
    parts.append(f'<path d="M{x:.1f},{middle - 9}l9,9l-9,9l-9,-9Z" fill="{COLOURS[variant]}" class="pointer"/>')
    return f'<svg viewBox="0 0 {width} 64" class="ruler">{"".join(parts)}</svg>'
