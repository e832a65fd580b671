"""The lesson: what depth, width and resolution cost, what they bring, and why to grow them together."""

from collections.abc import Callable
from functools import partial

import streamlit as st
from plotly.graph_objects import Figure

from cam.paper.tables import paper
from models.costs import network_cost
from models.scaling import SCALINGS
from ui.address import choose, lecturing
from ui.components.drawing import show_choices, show_svg
from ui.components.keys import step_keys
from ui.pages.scaling import charts, tables
from ui.pages.scaling.activations import choose_stage, opened_stage, stage_chosen
from ui.pages.scaling.controls import choose_setting
from ui.pages.scaling.experiment import experiment
from ui.pages.scaling.measured import nearest
from ui.pages.scaling.network_drawing import network_drawing
from ui.pages.scaling.setting import Setting, near_target
from ui.pages.scaling.steps import RELEASED, STEPS, Step, step_text
from ui.pages.scaling.stopwatch import stopwatch_section
from ui.pages.scaling.svg import number, ruler, times

LAST = len(STEPS)
EXHIBITS: dict[str, dict[str, Callable[[Setting], Figure]]] = {
    "Saturation": {"Figure 3": charts.figure3},
    "Dependence": {"Figure 4": charts.figure4},
    "The rule": {"Released": charts.implied_phis},
    "The search": {"Search": charts.search_triangle},
    "The gain": {
        "Figure 8": charts.figure8,
        "Figure 1": partial(charts.figure1, against="params"),
        "Its cost": partial(charts.figure1, against="gflops"),
    },
}
RINGS = "Rings: the paper's curves at the present cost, interpolated."
WHY_COUNTED = (
    "Counted layer by layer. Channels are rounded to multiples of 8 and layers up to whole ones; stem and classifier "
    "do not grow with depth."
)
CAPTIONS = {
    "Released": "The φ that each network's depth, width and resolution would need under the paper's rule.",
    "Search": "The nearer to a corner, the more of the budget goes into that dimension.",
    "Figure 1": "Table 2 drawn: accuracy against parameters, as in figure 1.",
    "Its cost": "Table 2 drawn against multiply-adds; GPipe's are not given.",
}


def walk() -> Step:
    """The five steps: named, and one after the other with the arrow keys."""
    names = {i: f"{i} · {step.short}" for i, step in enumerate(STEPS, 1)}
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        step = choose("Step", "step", names, 1, on_change=suit_controls)
        with st.container(horizontal=True, width="content", gap="small"):
            st.button("← Back", key="back", on_click=go_to, args=(step - 1,), disabled=step == 1)
            st.button("Next →", key="next", on_click=go_to, args=(step + 1,), disabled=step == LAST)
    return STEPS[step - 1]


def go_to(step: int) -> None:
    """Callback of the buttons and the keys; stays at the ends."""
    st.session_state.step = min(max(step, 1), LAST)
    suit_controls()


def suit_controls() -> None:
    """Give the step the controls that it speaks of."""
    st.session_state.by = STEPS[st.session_state.step - 1].controls


def exhibit(step: Step, setting: Setting) -> None:
    """The figure of the step; the last one has three to choose from."""
    figures = EXHIBITS[step.short]
    chosen = (
        choose("Figure", "figure", {name: name for name in figures}, next(iter(figures)))
        if len(figures) > 1
        else next(iter(figures))
    )
    st.plotly_chart(figures[chosen](setting), key=f"exhibit-{chosen}", config={"displayModeBar": False}, alt=chosen)
    st.caption(CAPTIONS.get(chosen, RINGS))


def constraint(setting: Setting) -> None:
    """What equation 3 says of the setting, beside what is counted."""
    if setting.rule is None:
        text = f"$d\\,w^2r^2 =$ **{times(setting.predicted_growth)}** times the cost of B0"
    else:
        badge = ":green-badge[near 2]" if near_target(setting.rule) else ":orange-badge[not near 2]"
        steps = f"over φ steps **{times(setting.predicted_growth)}**"
        text = f"$\\alpha\\,\\beta^2\\gamma^2 =$ **{setting.rule.cost:.2f}** {badge}, {steps}"
    st.markdown(f"{text}; counted **{times(setting.counted_growth)}**", help=WHY_COUNTED)


def numbers(setting: Setting) -> None:
    """Four numbers, each with its place among B0 to B7."""
    costs = {name: network_cost(scaling) for name, scaling in RELEASED.items()}
    rows = [("Parameters", "params"), ("Multiply-adds", "macs"), ("Activations", "activations"), ("Last map", "grid")]
    with (grid := st.grid(4, min_column_width=220, gap="medium")):
        for label, name in rows:
            value = getattr(setting.cost, name)
            shown = f"{value} × {value} cells" if name == "grid" else number(value)
            with grid.cell():
                growth = value / getattr(costs["B0"], name)
                st.metric(
                    label, shown, f"× {times(growth)}", delta_color="off", delta_arrow="off", delta_description="of B0"
                )
                marks = {key: getattr(cost, name) for key, cost in costs.items()}
                show_svg(ruler(value, marks, setting.variant), f"{label}: {shown}, between B0 and B7", f"ruler-{name}")


@st.fragment
def lesson() -> None:
    """Everything that moves with the sliders."""
    step = walk()
    words, figure = st.columns(2, gap="medium")
    with words:
        st.header(step.headline)
        st.markdown(step_text(step))
        setting = choose_setting(step.controls)
        constraint(setting)
    with figure:
        exhibit(step, setting)
    drawn = network_drawing(network_cost(SCALINGS["b0"]), setting.cost, setting.variant)
    stage = stage_chosen()
    show_choices(
        drawn, "EfficientNet-B0 and the present network, drawn to the same scale", "drawing", stage, choose_stage
    )
    opened_stage(nearest(setting), stage)
    numbers(setting)
    experiment(setting)
    with st.expander("Beside B0 to B7, and where they leave the rule"):
        st.table(tables.family(setting))
        st.markdown("The last three columns are the φ at which the rule would give this depth, width and resolution.")
    with st.expander("Stage by stage: table 1 of the paper, and the present network"):
        st.table(tables.stages(setting))
    if not lecturing():  # there the keys go from scene to scene
        step_keys(lambda move: go_to(st.session_state.step + move))


def papers_tables() -> None:
    """Tables 2, 3, 4 and 7."""
    names = ["Table 7", "Table 2", "Table 3", "Table 4"]
    contents = [tables.table7, tables.table2, tables.table3, tables.table4]
    for tab, content in zip(st.tabs(names), contents, strict=True):
        tab.table(content())


lesson()

st.subheader("Measured here and now")
stopwatch_section()

st.subheader("Questions that the paper leaves")
with st.grid(2, min_column_width=340, gap="medium"):
    for doubt in paper().inconsistencies:
        with st.container(border=True, height="stretch"):
            st.markdown(f"**{doubt.title}**")
            st.markdown(doubt.text)

st.subheader("The paper's numbers")
papers_tables()
source = paper().source
st.caption(
    f"{source['authors']}, [{source['title']}]({source['url']}), {source['venue']}. {source['reading']} "
    "FLOPS are multiply-adds."
)
