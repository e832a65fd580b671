// All scenes on paper, each on a page with all of its builds.

import { element } from "../shared/page.js"
import { buildScene } from "./scene.js"

const PATIENCE = 20 // checks, 100 ms apart, whether every photograph is painted

/** @param {HTMLElement} root @param {DeckData} data */
export function showHandout(root, data) {
  root.classList.add("handout")
  const scenes = data.scenes.map((_, place) => buildScene(data, place + 1))
  for (const scene of scenes) scene.show(scene.last, true)
  root.replaceChildren(...scenes.map(({ node }) => node))
  depict(root, PATIENCE)
}

// Replace painted canvases by JPEGs, because a PDF would hold every canvas pixel by pixel.
/** @param {HTMLElement} root @param {number} looks */
function depict(root, looks) {
  for (const canvas of root.querySelectorAll(".pane canvas, .board canvas")) {
    if (canvas.width < 400) continue // not painted yet
    const image = element("img", "painted")
    image.alt = canvas.closest("figure")?.textContent ?? ""
    image.src = canvas.toDataURL("image/jpeg", 0.88)
    canvas.replaceWith(image)
  }
  const open = root.querySelectorAll(".pane canvas, .board canvas").length
  if (open && looks) setTimeout(() => depict(root, looks - 1), 100)
  else root.dataset.ready = "yes"
}
