// The frame of a scene: title and sentence, the body, a QR code, and the number of the scene.

import { element } from "../shared/page.js"
import { escape } from "../shared/words.js"
import { BODIES } from "./bodies.js"
import { reveal } from "./parts.js"

/** @param {DeckData} data @param {number} number from 1 @returns {BuiltScene} */
export function buildScene(data, number) {
  const scene = data.scenes[number - 1]
  const node = element("section", `scene ${scene.show}`)
  const frame = element("div", "frame", `<header><div><h1>${escape(scene.title)}</h1><p>${escape(scene.text)}</p></div></header>
    <div class="body"></div><footer><span class="source"></span><span class="place">${number} / ${data.scenes.length}</span></footer>`)
  if (!["guess", "home"].includes(scene.show)) frame.querySelector("header").append(code(scene))
  node.append(frame)
  const body = scene.show ? BODIES[scene.show](frame.querySelector(".body"), scene, data.drawn, data) : page(frame.querySelector(".body"))
  frame.querySelector(".source").textContent = body.source ?? ""
  return {
    node,
    last: body.last,
    asks: (build) => body.asks?.(build) ?? null,
    count: (votes) => body.count?.(votes),
    show(build, still = false) {
      reveal(node, build)
      body.show(build, still)
    },
  }
}

/** @param {DeckScene} scene */
function code({ code: source, shared }) {
  const image = element("img", "code")
  image.src = source
  image.alt = `QR code of ${shared}`
  image.title = shared
  return image
}

/** For a scene that is a page of the app, the speaker's view shows only its name. @param {HTMLElement} body @returns {SceneBody} */
function page(body) {
  body.append(element("p", "page-itself", "A page of the app, shown in the hall."))
  return { last: 0, show: () => {} }
}
