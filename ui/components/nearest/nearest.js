// Sample photographs with the maps of some networks, a row for each network.

import { element } from "../shared/page.js"
import { escape } from "../shared/words.js"
import { heat, lay, photograph } from "../story/heat.js"
import { bytes, cut, floats } from "../viewer/maps.js"

/** @param {Component<NearestData>} component */
export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".nearest")
  const { photographs, columns, shown, inferno } = data
  const text = JSON.stringify([shown, photographs.map(({ name }) => name)])
  if (root.dataset.shown === text) return
  root.dataset.shown = text
  root.style.setProperty("--count", String(photographs.length))
  const rgb = bytes(inferno)
  root.replaceChildren(...shown.flatMap((column) => {
    const { label, coefficients, colour } = columns[column]
    const who = element("div", "who", `<b>${escape(label)}</b><span>${escape(coefficients)}</span>`)
    who.style.setProperty("--colour", colour)
    return [who, ...photographs.map((one) => panel(one, columns, column, rgb))]
  }))
}

/** @param {StoryPhotograph} one @param {StoryColumn[]} columns @param {number} column @param {Uint8Array} rgb */
function panel({ name, category, picture, maps }, columns, column, rgb) {
  const canvas = document.createElement("canvas")
  canvas.setAttribute("role", "img")
  canvas.setAttribute("aria-label", `${name.replaceAll("-", " ")}, ${columns[column].label}: map of ${category}`)
  canvas.title = `${name.replaceAll("-", " ")}: the map explains “${category}”`
  photograph(picture).then((image) => lay(canvas, image, heat(cut(floats(maps), columns)[column], columns[column], rgb)))
  return canvas
}
