// Arrow keys, and the page keys of a presenter's remote, unless the focused element uses them itself.

/** @type {Record<string, number>} */
const MOVES = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1 }
const OWN_KEYS = "input, textarea, select, [contenteditable=true], [role=slider], [role=tab], [role=menu] *"

/** @typedef {HTMLElement & { forget?: () => void }} Listening where the keys of an earlier rerun are forgotten */

/** @param {Component<null>} component */
export default function ({ parentElement, setTriggerValue }) {
  /** @param {KeyboardEvent} event */
  const press = (event) => {
    const move = MOVES[event.key]
    const focused = /** @type {HTMLElement} */ (event.composedPath()[0])
    const busy = event.ctrlKey || event.altKey || event.metaKey || focused.matches?.(OWN_KEYS)
    if (!move || busy) return
    event.preventDefault()
    event.stopPropagation()
    setTriggerValue("move", move)
  }
  const place = /** @type {Listening} */ (parentElement)
  place.forget?.()
  place.forget = () => document.removeEventListener("keydown", press, true)
  document.addEventListener("keydown", press, true)
  return () => place.forget?.()
}
