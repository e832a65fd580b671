// The story: six steps on one page. Each step draws itself once, from plain data, without requests to a server.

import { isDark } from "../shared/page.js"
import { showAnswer } from "./answer.js"
import { showCells } from "./cells.js"
import { showClaim } from "./claim.js"
import { showGrowth } from "./growth.js"
import { showGuess } from "./guess.js"

const told = new WeakMap()

/** @param {Component<StoryData>} component */
export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".story")
  root.style.colorScheme = isDark(getComputedStyle(root).getPropertyValue("--st-background-color")) ? "dark" : "light"
  if (told.has(root)) return told.get(root)
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches
  showClaim(root.querySelector(".claim"), data)
  showCells(root.querySelector(".cells"), data, still)
  showGrowth(root.querySelector(".growth"), data, still)
  const endGuess = showGuess(root.querySelector(".guess"), data)
  showAnswer(root.querySelector(".answer"), data.answer)
  for (const link of root.querySelectorAll("[data-page]")) {
    const address = data.links[link.dataset.page]
    if (address) link.href = address
    else link.remove()
  }
  told.set(root, () => {
    endGuess()
    told.delete(root)
  })
  return told.get(root)
}
