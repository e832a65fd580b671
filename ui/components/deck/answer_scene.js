// The measured differences: the paper's statements one after the other, and then the answer.

import { element } from "../shared/page.js"
import { escape } from "../shared/words.js"
import { plot } from "../story/answer.js"
import { from } from "./parts.js"

/** @param {HTMLElement} body @param {DeckScene} _ @param {Drawn} drawn @returns {SceneBody} */
export function answerScene(body, _, { answer }) {
  const { sentence, title, baseline, statements } = answer
  const plots = element("div", "plots")
  plots.append(...statements.map((one, place) => from(plot(one, baseline), place)))
  body.append(plots, from(element("p", "verdict", escape(sentence)), statements.length))
  const source = `Dots: difference to ${baseline.toLowerCase()}; lines: 95 % intervals; further right is better. Study “${title}”`
  return { last: statements.length, show: () => {}, source }
}
