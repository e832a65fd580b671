// The networks one after the other, all drawn to the same scale.

import { element } from "../shared/page.js"
import { escape } from "../shared/words.js"
import { drawNetwork, sentence } from "../story/growth.js"

/** @param {HTMLElement} body @param {DeckScene} _ @param {Drawn} drawn @returns {SceneBody} */
export function growthScene(body, _, { growth, columns, photographs }) {
  const cards = element("div", "cards")
  growth.forEach(({ key, params, macs, times }, place) => {
    const { label, coefficients, colour } = columns[place]
    const card = element("div", "card", `<b>${escape(label)}</b><span>${escape(coefficients)}</span><span>${params} parameters</span>
      <span>${macs} mult-adds</span><span>${key === "baseline" ? "the network to grow" : `× ${times} the cost`}</span>`)
    card.style.setProperty("--colour", colour)
    cards.append(card)
  })
  const drawing = /** @type {SVGElement} */ (document.createElementNS("http://www.w3.org/2000/svg", "svg"))
  drawing.setAttribute("viewBox", "0 0 706 146")
  drawing.setAttribute("class", "drawing")
  drawing.setAttribute("role", "img")
  const said = element("p", "said-of")
  body.append(cards, drawing, said)
  return {
    source: "Length: layers. Height: channels. Dashed: the baseline. All drawn to one scale",
    last: growth.length - 1,
    show(build) {
      cards.querySelectorAll(".card").forEach((/** @type {HTMLElement} */ card, /** @type {number} */ place) => card.classList.toggle("now", place === build))
      drawNetwork(drawing, build, growth, columns[build], photographs[0].picture)
      said.innerHTML = sentence(growth[build], columns[build])
    },
  }
}
