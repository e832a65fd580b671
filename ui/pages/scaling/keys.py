"""Arrow keys, and the page keys of a presenter's remote, unless the focused element uses them itself."""

from collections.abc import Callable

import streamlit as st

_KEYS = st.components.v2.component(
    "compound_cam_keys",
    html="<span></span>\n",
    js="""
const MOVES = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1 }
const OWN_KEYS = "input, textarea, select, [contenteditable=true], [role=slider], [role=tab], [role=menu] *"

export default function ({ parentElement, setTriggerValue }) {
  const press = (event) => {
    const move = MOVES[event.key]
    const busy = event.ctrlKey || event.altKey || event.metaKey || event.composedPath()[0].matches?.(OWN_KEYS)
    if (!move || busy) return
    event.preventDefault()
    event.stopPropagation()
    setTriggerValue("move", move)
  }
  parentElement.forget?.()
  parentElement.forget = () => document.removeEventListener("keydown", press, true)
  document.addEventListener("keydown", press, true)
  return () => parentElement.forget()
}
""",
)


def step_keys(on_move: Callable[[int], None]) -> None:
    """Call ``on_move`` with 1 for the next step and -1 for the one before."""
    _KEYS(key="keys", on_move_change=lambda: on_move(st.session_state["keys"].move), height="content", width="content")
