// The ten maps of the paper's Figure 7, and the sentence drawn from them.

import { element } from "../shared/page.js"
import { escape } from "../shared/words.js"
import { bytes } from "../viewer/maps.js"
import { theirCell } from "../viewer/paper_figure.js"
import { from } from "./parts.js"

/** @param {HTMLElement} body @param {DeckScene} _ @param {Drawn} drawn @returns {SceneBody} */
export function claimScene(body, _, { claim, paper, colours, columns }) {
  const jet = bytes(colours.jet)
  const table = element("div", "printed-maps")
  const keys = Object.keys(paper.rows[0].panels)
  table.append(element("span", ""), ...keys.map((key) => {
    const node = element("b", "", escape(paper.titles[key]))
    node.style.setProperty("--colour", columns.find((column) => column.key === key)?.colour ?? "")
    return node
  }))
  for (const { name, panels } of paper.rows) {
    table.append(element("b", "of", escape(name)), ...keys.map((key) => theirCell(panels[key], paper.titles[key], jet, 0)))
  }
  const quote = from(element("blockquote", "", `“… ${escape(claim)}”`), 1)
  body.append(table, quote)
  return { last: 1, show: () => {}, source: paper.source.split(":")[0] }
}
