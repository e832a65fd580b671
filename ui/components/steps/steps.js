// Arrow keys, the page keys of a presenter's remote and two buttons lead from scene to scene, as the browser's own back and
// forward do: the address changes, and Streamlit runs the page that it names.

/** @type {Record<string, number>} */
const MOVES = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1 }
const OWN_KEYS = "input, textarea, select, [contenteditable=true], [role=slider], [role=tab], [role=menu] *"

/** @param {Component<Scenes>} component */
export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".steps")
  const { title, text, here, count, links } = data
  root.querySelector("h1").textContent = title
  root.querySelector("p").textContent = text
  root.querySelector("output").textContent = `${here || "–"} / ${count}`
  /** @param {number} number */
  const go = (number) => {
    if (number < 1 || number > count || number === root.going) return
    root.going = number
    history.pushState(null, "", links[number - 1])
    dispatchEvent(new PopStateEvent("popstate"))
  }
  root.going = here
  for (const [name, move] of Object.entries({ back: -1, next: 1 })) {
    const button = root.querySelector(`[name=${name}]`)
    button.disabled = here + move < 1 || here + move > count
    button.onclick = () => go(here + move)
  }
  /** @param {KeyboardEvent} event */
  const press = (event) => {
    const move = MOVES[event.key]
    const places = /** @type {Element[]} */ (event.composedPath())
    const inside = places[0].matches?.(OWN_KEYS) || places.some((place) => place.matches?.("dialog[open]"))
    if (!move || inside || event.ctrlKey || event.altKey || event.metaKey) return
    event.preventDefault()
    event.stopPropagation()
    go(root.going + move)
  }
  root.forget?.()
  root.forget = () => document.removeEventListener("keydown", press, true)
  document.addEventListener("keydown", press, true)
  if (data.go !== here) go(data.go)
  return () => root.forget()
}
