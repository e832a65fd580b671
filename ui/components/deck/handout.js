// All scenes on paper, a page each, with all that their builds bring.

import { buildScene } from "./scene.js"

/** @param {HTMLElement} root @param {DeckData} data */
export function showHandout(root, data) {
  root.classList.add("handout")
  const scenes = data.scenes.map((_, place) => buildScene(data, place + 1))
  for (const scene of scenes) scene.show(scene.last, true)
  root.replaceChildren(...scenes.map(({ node }) => node))
}
