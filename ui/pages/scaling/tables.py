"""Tables of the lesson: the family beside the present setting, and the paper's own."""

import math

import pandas as pd

from cam.paper.tables import paper
from models.costs import network_cost
from models.scaling import SCALINGS, Scaling, implied_phi
from ui.pages.scaling.setting import Setting
from ui.pages.scaling.svg import number

VARIANTS = {
    "baseline": "Baseline",
    "depth": "Depth",
    "width": "Width",
    "resolution": "Resolution",
    "compound": "Compound",
}


def family(setting: Setting) -> pd.DataFrame:
    """B0 to B7 as released, and the present setting; all costs are computed."""
    rows = {f"B{i}": SCALINGS[f"b{i}"] for i in range(8)} | {"now": setting.scaling}
    return pd.DataFrame([{"Network": name, **_family_row(scaling)} for name, scaling in rows.items()]).set_index(
        "Network"
    )


def _family_row(scaling: Scaling) -> dict[str, str]:
    cost = network_cost(scaling)
    depth, width, resolution = implied_phi(scaling)
    return {
        "d": f"{scaling.depth_mult:.2f}",
        "w": f"{scaling.width_mult:.2f}",
        "Input": f"{scaling.input_size} px",
        "Parameters": number(cost.params),
        "Multiply-adds": number(cost.macs),
        "Activations": number(cost.activations),
        "Last map": f"{cost.grid} × {cost.grid}",
        "φ of d": f"{depth:.2f}",
        "φ of w": f"{width:.2f}",
        "φ of r": f"{resolution:.2f}",
    }


def stages(setting: Setting) -> pd.DataFrame:
    """Table 1 beside the same rows of the present setting; in the paper, resolution is that of each stage's input."""
    cost = setting.cost.stages
    inputs = [setting.scaling.input_size, *(stage.resolution for stage in cost)]
    return pd.DataFrame(
        [
            {
                "Stage": f"{i + 1}",
                "Operator": row.operator,
                "Input": f"{row.resolution}²",
                "Channels": f"{row.channels}",
                "Layers": f"{row.layers}",
                "Input now": f"{inputs[i]}²",
                "Channels now": f"{cost[i].channels}",
                "Layers now": f"{cost[i].layers}",
            }
            for i, row in enumerate(paper().table1)
        ]
    ).set_index("Stage")


def table2() -> pd.DataFrame:
    """Accuracy and size against other networks."""
    rows = [
        {
            "Compared with": row.group,
            "Network": row.network,
            "Top-1": f"{row.top1:.1f} %",
            "Top-5": f"{row.top5:.1f} %",
            "Parameters": f"{row.params:g} M",
            "Multiply-adds": "not given" if math.isnan(row.gflops) else f"{row.gflops:g} G",
        }
        for row in paper().table2
    ]
    return pd.DataFrame(rows).set_index("Compared with")


def table3() -> pd.DataFrame:
    """The rule applied to other networks."""
    return pd.DataFrame([{"Network": row.network, **_scaled(row)} for row in paper().table3]).set_index("Network")


def table4() -> pd.DataFrame:
    """Latency on one core."""
    rows = [
        {"Network": row.network, "Top-1": f"{row.top1:.1f} %", "Latency": f"{row.seconds:g} s"}
        for row in paper().table4
    ]
    return pd.DataFrame(rows).set_index("Network")


def table7() -> pd.DataFrame:
    """The networks of Figure 7: what the paper prints, and what the same settings cost when counted."""
    rows = []
    for row in paper().table7:
        cost = network_cost(SCALINGS["b0" if row.variant == "baseline" else row.variant])
        counted = {
            "Counted": number(cost.macs),
            "Parameters": number(cost.params),
            "Last map": f"{cost.grid} × {cost.grid}",
        }
        rows.append(_scaled(row) | counted)
    return pd.DataFrame(rows).set_index("Scaled")


def _scaled(row) -> dict[str, str]:
    how = [
        f"{name} = {value:g}"
        for name, value in zip("dwr", row[-5:-2], strict=True)
        if value != 1 and not math.isnan(value)
    ]
    return {
        "Scaled": VARIANTS[row.variant],
        "By": ", ".join(how),
        "Multiply-adds": f"{row.gflops:g} G",
        "Top-1": f"{row.top1:.1f} %",
    }
