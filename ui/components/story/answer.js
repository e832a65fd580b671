// Step 5: the measured answer, with one sentence, and a dot for every network and statement.

import { element } from "../shared/page.js"
import { escape } from "../shared/words.js"

/** @param {HTMLElement} step @param {Measured} answer */
export function showAnswer(step, { sentence, title, baseline, statements }) {
  step.querySelector(".verdict").textContent = sentence
  step.querySelector(".plots").replaceChildren(...statements.map((one) => plot(one, baseline)))
  step.querySelector(".legend").textContent =
    `Dots: difference to ${baseline}. Lines: 95 % intervals. Further right is better. Measured under the study “${title}”.`
}

/** @param {MeasuredStatement} statement @param {string} baseline */
export function plot({ claim, outcome, measurement, images, needs, dots }, baseline) {
  const ends = [0, ...dots.flatMap(({ low, high }) => [low, high])]
  const room = 0.06 * (Math.max(...ends) - Math.min(...ends))
  const low = Math.min(...ends) - room, width = Math.max(...ends) + room - low
  /** @param {number} value */
  const place = (value) => `${((100 * (value - low)) / width).toFixed(2)}%`
  const node = element("section", "plot", `<h3>${escape(claim)}</h3><p class="outcome ${outcome.replaceAll(" ", "-")}">${escape(outcome)}</p>`)
  const rows = element("div", "dots")
  rows.style.setProperty("--zero", place(0))
  for (const dot of dots) rows.append(element("span", "arm", escape(dot.label)), track(dot, place))
  rows.append(element("span", "arm"), element("span", "ends", `<span>0: as ${escape(baseline.toLowerCase())}</span>`))
  node.append(rows, element("p", "measure", `${escape(measurement)}, ${images} ${escape(needs)}`))
  return node
}

/** @param {Dot} dot @param {(value: number) => string} place */
function track({ label, colour, estimate, low, high }, place) {
  const words = `${label}: ${signedNumber(estimate)}, 95 % interval ${signedNumber(low)} to ${signedNumber(high)}`
  const node = element("span", "track", `<i class="line"></i><i class="dot"></i>`)
  node.style.cssText = `--colour: ${colour}; --low: ${place(low)}; --high: ${place(high)}; --at: ${place(estimate)}`
  node.setAttribute("role", "img")
  node.setAttribute("aria-label", words)
  node.title = words
  return node
}

/** @param {number} value */
function signedNumber(value) {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`
}
