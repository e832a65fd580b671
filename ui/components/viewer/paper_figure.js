// The paper's own Figure 7 above ours, in paper style: pictures without values to read.

import { element, paintLevels } from "../shared/page.js"
import { escape } from "../shared/words.js"
import { axes, floats, levelled, lut, resample } from "./maps.js"

/** @param {Printed} printed @param {Column[]} columns @param {Missing[]} missing @param {Uint8Array} colours @param {(key: string) => number} place */
export function theirRows({ source, titles, rows }, columns, missing, colours, place) {
  const shown = [...columns, ...missing].filter(({ key }) => key in titles)
  const nodes = rows.map(({ name, panels }) => {
    const row = element("div", "printed-row")
    const cells = [element("figure", "cell original", `<div class="panel unprinted"><span>photograph not printed here</span></div><figcaption><b class="printed-name">${escape(name)}</b></figcaption>`)]
    cells.push(...shown.map(({ key }) => theirCell(panels[key], titles[key], colours, place(key))))
    row.append(...cells)
    return row
  })
  const head = element("p", "whose", `<b>The paper’s Figure 7</b> <span>${escape(source)}</span>`)
  return [head, ...nodes, element("p", "whose", "<b>Ours</b>")]
}

/** @param {PrintedMap} map @param {string} title @param {Uint8Array} colours @param {number} order */
export function theirCell({ cells, levels }, title, colours, order) {
  const values = floats(levels)
  const even = axes({ centres: Array(cells).fill(0), offset: [0, 0], resolution: cells, cells }, "half-pixel", false)
  const canvas = document.createElement("canvas")
  paintLevels(canvas, levelled(resample(values, even), 0, 1), lut(colours, 1, "opaque"))
  const node = element("figure", "cell")
  const panel = element("div", "panel printed")
  panel.setAttribute("role", "img")
  panel.setAttribute("aria-label", `The paper's map: ${title}`)
  panel.append(canvas)
  node.append(panel, element("figcaption", "", escape(title)))
  node.style.order = String(order)
  return node
}
