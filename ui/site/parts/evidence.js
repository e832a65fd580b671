// The page Evidence: the measured answer, which is the fifth step of the story.

import { showAnswer } from "../../components/story/answer.js"
import { json, storyStep } from "./mount.js"

/** @param {HTMLElement} page */
export async function open(page) {
  const [{ answer, claim }, step] = await Promise.all([json("data/story.json"), storyStep(page.querySelector(".host"), "answer")])
  step.querySelector("h2").remove()
  step.querySelector("p").textContent = `“${claim}” On photographs with known outlines each statement of this claim becomes a number.`
  showAnswer(step, answer)
}
