// The tools above the figure: display choices, and the link that keeps them.

import { percent } from "../shared/words.js"
import { draw } from "./painting.js"
import { DEFAULTS } from "./state.js"

/** @param {Viewer} viewer */
export function listenToTools(viewer) {
  const tools = viewer.root.querySelector(".tools")
  tools.oninput = (/** @type {{ target: HTMLInputElement }} */ { target }) => {
    const value = target.type === "checkbox" ? target.checked : target.type === "range" ? +target.value : target.value
    change(viewer, { [target.name]: value })
  }
  tools.querySelector("[name=link]").onclick = () => copyLink(viewer)
  const help = viewer.root.querySelector(".help")
  tools.querySelector("[name=help]").onclick = () => help.showModal()
  help.querySelector("[name=close]").onclick = () => help.close()
}

/** @param {Viewer} viewer @param {Partial<Look>} what */
export function change(viewer, what) {
  Object.assign(viewer.look, { hidden: false }, what)
  sessionStorage.setItem("look", JSON.stringify(viewer.look))
  draw(viewer)
}

/** @param {Viewer} viewer */
export function updateTools(viewer) {
  const { unit } = viewer.data
  const locked = viewer.paper()
  /** @type {Record<string, unknown>} */
  const shown = { ...viewer.look, signed: viewer.signed(), difference: viewer.difference(), scale: unit && !locked ? viewer.look.scale : "map" }
  for (const input of viewer.root.querySelectorAll(".tools input, .tools select")) {
    if (input.type === "checkbox") input.checked = shown[input.name]
    else if (input.type === "radio") input.checked = shown[input.name] === input.value
    else if (input.getRootNode().activeElement !== input || +input.value !== shown[input.name]) input.value = shown[input.name]
  }
  /** @param {string} name @param {boolean} yes */
  const off = (name, yes, why = "") => viewer.root.querySelectorAll(`.tools [name=${name}]`).forEach((input) => {
    if (input.tagName === "OUTPUT") return
    input.disabled = yes
    input.closest(".toggle, .choice label")?.classList.toggle("off", yes)
    if (why) input.parentElement.title = yes ? why : input.parentElement.title
  })
  viewer.root.querySelector(".theirs").hidden = !locked || !viewer.look.theirs
  viewer.root.querySelector(".tools [name=theirs]").closest("label").hidden = !locked
  viewer.root.querySelector(".tools [name=difference] + span").textContent = `− ${viewer.data.columns[viewer.data.baseline].label}`
  off("opacity", locked)
  off("colours", locked || viewer.signed())
  off("signed", locked || viewer.difference() || !viewer.data.signed)
  off("placement", locked)
  off("difference", !unit || viewer.data.columns.length < 2, "Maps of this method have no unit, so they have no difference")
  viewer.root.querySelector('.tools [value="row"]').disabled = locked || !unit
  viewer.root.querySelector("output[name=contour]").textContent = viewer.look.contour ? percent(viewer.look.contour) : "off"
}

/** @param {Viewer} viewer */
export async function copyLink(viewer) {
  const url = new URL(location.href)
  const changed = Object.entries(viewer.look).filter(([name, value]) => name in DEFAULTS && value !== DEFAULTS[/** @type {keyof Look} */ (name)])
  url.searchParams.delete("look")
  if (changed.length) url.searchParams.set("look", JSON.stringify(Object.fromEntries(changed)))
  const left = viewer.data.uploads ? ` It leaves out what you uploaded (${viewer.data.uploads}).` : ""
  history.replaceState(history.state, "", url)
  try {
    await navigator.clipboard.writeText(url.href)
    say(viewer, `Link copied.${left}`)
  } catch {
    say(viewer, `The link is in the address bar.${left}`)
  }
}

/** @param {Viewer} viewer @param {string} words */
export function say(viewer, words) {
  const said = viewer.root.querySelector(".said")
  said.textContent = words
  clearTimeout(viewer.quiet)
  viewer.quiet = setTimeout(() => (said.textContent = ""), 6000)
}
