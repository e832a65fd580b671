// Photographs by networks; and the difference of two classes' maps on one photograph.

import { element } from "../shared/page.js"
import { escape } from "../shared/words.js"
import { from, head, paintRow, pane, spoken } from "./parts.js"

/** Two photographs below one another, each with its five maps. @param {HTMLElement} body @param {DeckScene} scene @param {Drawn} drawn @returns {SceneBody} */
export function rowsScene(body, scene, drawn) {
  const rows = scene.photographs.map((name) => drawn.photographs.filter((one) => one.name === name)[0])
  if (rows.length === 1) {
    alone(body, rows[0], `The maps explain “${escape(rows[0].category)}”: bright places speak for it.`, drawn, { cells: scene.cells })
    return { last: 0, show: () => {} }
  }
  const table = element("div", "rows")
  table.append(element("span", "corner"), ...drawn.columns.map(head))
  rows.forEach((row, place) => {
    const panes = [pane(`<b>${escape(spoken(row.name))}</b>`), ...drawn.columns.map(({ cells, label }) => pane(`<span class="narrow">${escape(label)} </span>${scene.cells ? `${cells} × ${cells} cells` : ""}`))]
    paintRow(panes, row, drawn, { cells: scene.cells })
    table.append(panes[0], ...panes.slice(1).map((one) => from(one, place)))
  })
  body.append(table)
  const how = scene.cells ? "Each cell where it was measured to look" : "Each map on its own scale; bright places speak for the class that most networks see"
  return { last: rows.length - 1, show: () => {}, source: how }
}

/** @param {HTMLElement} body @param {DeckScene} _ @param {Drawn} drawn @returns {SceneBody} */
export function ratherScene(body, _, drawn) {
  const { rather } = drawn
  const words = `<b class="for">Red</b> speaks for “${escape(rather.for)}”, <b class="against">blue</b> for “${escape(rather.against)}”.`
  alone(body, rather, words, drawn, { signed: true })
  return { last: 0, show: () => {} }
}

/** One photograph, large, and the maps beside it. @param {HTMLElement} body @param {{ name: string, picture: string, maps: string }} row @param {string} words @param {Drawn} drawn @param {{ cells?: boolean, signed?: boolean }} how */
function alone(body, row, words, drawn, how) {
  const table = element("div", "alone")
  const panes = [pane(escape(spoken(row.name)), "large"), ...drawn.columns.map(({ label, coefficients, colour }) => {
    const node = pane(`<b>${escape(label)}</b><span>${escape(coefficients)}</span>`)
    node.style.setProperty("--colour", colour)
    return node
  })]
  paintRow(panes, row, drawn, how)
  table.append(...panes, element("p", "legend", words))
  body.append(table)
}
