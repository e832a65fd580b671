// Arrow keys, the page keys of a presenter's remote and two buttons lead from scene to scene, as the browser's back and
// forward do: the address changes, and Streamlit runs the page that it names. The speaker's view follows.

import { joinHall } from "../shared/hall.js"

/** @type {Record<string, number>} */
const STRIDES = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1 }
const OWN_KEYS = "input, textarea, select, [contenteditable=true], [role=slider], [role=tab], [role=menu] *"

/** @param {Component<Scenes>} component */
export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".steps")
  const { title, text, here, count, links } = data
  root.querySelector("h1").textContent = title
  root.querySelector("p").textContent = text
  root.querySelector("output").textContent = `${here || "–"} / ${count}`
  root.forget?.()
  /** @param {string} address */
  const open = (address) => {
    history.pushState(null, "", address)
    dispatchEvent(new PopStateEvent("popstate"))
  }
  /** @param {number} number */
  const go = (number, build = 0, quiet = false) => {
    if (number < 1 || number > count || number === root.going) return
    root.going = number
    if (!quiet) hall.tell({ scene: number, build })
    open(build ? `${links[number - 1]}&build=${build}` : links[number - 1])
  }
  const hall = joinHall(data.hall, ({ asking, scene, build }) => {
    if (asking) hall.tell({ scene: here, build: 0 })
    if (scene) go(scene, build, true)
  })
  root.going = here
  for (const [name, move] of Object.entries({ back: -1, next: 1 })) {
    const button = root.querySelector(`[name=${name}]`)
    button.disabled = here + move < 1 || here + move > count
    button.onclick = () => go(here + move)
  }
  /** @param {KeyboardEvent} event */
  const press = (event) => {
    const move = STRIDES[event.key]
    const places = /** @type {Element[]} */ (event.composedPath())
    const inside = places[0].matches?.(OWN_KEYS) || places.some((place) => place.matches?.("dialog[open]"))
    if (inside || event.ctrlKey || event.altKey || event.metaKey) return
    const back = data.composed && (event.key === "l" || event.key === "Escape")
    if (!move && !back) return
    event.preventDefault()
    event.stopPropagation()
    if (back) open(links[here - 1])
    else go(root.going + move)
  }
  root.forget = () => {
    document.removeEventListener("keydown", press, true)
    hall.leave()
  }
  document.addEventListener("keydown", press, true)
  if (data.go !== here) go(data.go)
  return () => root.forget()
}
