// What to take home: sentences, the measured answer, and where to go next.

import { element } from "../shared/page.js"
import { escape } from "../shared/words.js"
import { from } from "./parts.js"

/** @param {HTMLElement} body @param {DeckScene} scene @param {Drawn} drawn @param {DeckData} data @returns {SceneBody} */
export function homeScene(body, { points, code, shared }, { answer }, { onlyHere }) {
  const list = element("ol", "points")
  list.append(...[...points, `Whether it also looks better is another question. ${answer.sentence}`].map((words, place) => from(element("li", "", escape(words)), place)))
  const where = element("div", "where", `<img alt="" class="code"><b>Look for yourself</b><span>${escape(shared.replace(/^\w+:\/\//, ""))}</span>${onlyHere ? "<span class=\"only\">on this computer only</span>" : ""}`)
  where.querySelector("img").src = code
  where.querySelector("img").alt = `QR code of ${shared}`
  body.append(list, where)
  return { last: points.length, show: () => {} }
}
