"""The controls of the lesson: sliders by hand or by the compound rule, kept in the page's address."""

import streamlit as st

from models.scaling import SCALINGS, Candidate, Scaling, compound_scaling
from ui.address import choose
from ui.pages.scaling.setting import BY_HAND, BY_RULE, MODES, PRESETS, Setting, Slider, sliders


def choose_setting(suited: str) -> Setting:
    """Draw the controls and read them; ``suited`` names the ones shown unless the visitor chose others."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        by = choose("Set the network", "by", MODES, suited)
        st.menu_button("Set to", PRESETS, format_func=PRESETS.__getitem__, key="preset", on_click=_apply_preset)
    return _by_rule() if by == BY_RULE else _by_hand()


def _apply_preset() -> None:
    scaling = SCALINGS[st.session_state.preset]
    st.session_state.update(by=BY_HAND, d=scaling.depth_mult, w=scaling.width_mult, px=scaling.input_size)


def _by_hand() -> Setting:
    with st.grid(3, min_column_width=110, gap="small"):
        depth, width, side = map(_drawn, sliders(BY_HAND))
    return Setting(Scaling(width_mult=width, depth_mult=depth, resolution=int(side)))


def _by_rule() -> Setting:
    with st.grid(4, min_column_width=120, gap="small"):
        phi, *rule = map(_drawn, sliders(BY_RULE))
    return Setting(compound_scaling(phi, *rule), phi, Candidate(*rule))


def _drawn(one: Slider) -> float:
    return st.slider(*one[:1], *one[2:6], key=one.key, bind="query-params", help=one.tip, format=one.form)
