// Parts that several scenes share.

import { element } from "../shared/page.js"
import { escape } from "../shared/words.js"
import { heat, lay, photograph } from "../story/heat.js"
import { bytes, cut, floats } from "../viewer/maps.js"

/** Show the parts that belong to a build, and hide the others. @param {HTMLElement} node @param {number} build */
export function reveal(node, build) {
  for (const part of node.querySelectorAll("[data-from]")) part.classList.toggle("later", build < +part.dataset.from)
  for (const part of node.querySelectorAll("[data-until]")) part.classList.toggle("later", build > +part.dataset.until)
}

/** Mark a part that appears with a build. @param {HTMLElement} node @param {number} build */
export function from(node, build) {
  node.dataset.from = String(build)
  return node
}

/** A square picture with words below it. @param {string} words HTML */
export function pane(words, className = "") {
  return element("figure", `pane ${className}`, `<canvas></canvas><figcaption>${words}</figcaption>`)
}

/** Photograph and maps of one row, painted as soon as the photograph is loaded. @param {HTMLElement[]} panes the photograph's, then one for each column @param {{ picture: string, maps: string }} row @param {Drawn} drawn @param {{ cells?: boolean, signed?: boolean, order?: number[] }} [how] */
export async function paintRow(panes, { picture, maps }, { columns, colours }, { cells = false, signed = false, order } = {}) {
  const image = await photograph(picture)
  const own = cut(floats(maps), columns), rgb = bytes(signed ? colours.diverging : colours.inferno)
  panes.forEach((node, place) => {
    const canvas = node.querySelector("canvas")
    if (!place) return lay(canvas, image)
    const column = order ? order[place - 1] : place - 1
    lay(canvas, image, heat(own[column], columns[column], rgb, { blocks: cells, signed }), cells)
  })
}

/** The name of a network, in its colour. @param {StoryColumn} column */
export function head({ label, coefficients, colour }) {
  const node = element("div", "head", `<b>${escape(label)}</b><span>${escape(coefficients)}</span>`)
  node.style.setProperty("--colour", colour)
  return node
}

/** @param {string} name */
export function spoken(name) {
  const words = name.replaceAll("-", " ")
  return words[0].toUpperCase() + words.slice(1)
}
