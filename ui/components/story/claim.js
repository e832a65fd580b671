// Step 1: the paper's claim, and the ten maps that it shows for it.

import { element } from "../shared/page.js"
import { escape } from "../shared/words.js"
import { bytes } from "../viewer/maps.js"
import { theirCell } from "../viewer/paper_figure.js"

/** @param {HTMLElement} step @param {StoryData} data */
export function showClaim(step, { claim, paper, colours }) {
  step.querySelector("blockquote").textContent = `“${claim}”`
  const jet = bytes(colours.jet)
  const rows = paper.rows.map(({ name, panels }) => {
    const row = element("div", "five", `<h3>Photograph of a ${escape(name)}</h3>`)
    row.append(...Object.entries(panels).map(([key, map], place) => theirCell(map, paper.titles[key], jet, place)))
    return row
  })
  step.querySelector(".picture").replaceChildren(...rows)
  step.querySelector(".source").textContent = paper.source
}
