// Step 4: which map is the compound network's? A blind guess for each of ten photographs; luck finds one in five.

import { element } from "../shared/page.js"
import { escape } from "../shared/words.js"
import { bytes, cut, floats } from "../viewer/maps.js"
import { byLuck, shuffled } from "./chance.js"
import { heat, lay, photograph } from "./heat.js"

const SOUGHT = "compound"

/** @param {HTMLElement} step @param {StoryData} data */
export function showGuess(step, data) {
  const game = new Guess(step, data), ended = new AbortController()
  document.addEventListener("keydown", (event) => inView(step.querySelector(".table")) && game.press(event), ended)
  game.start()
  return () => ended.abort()
}

class Guess {
  round = 0
  /** @type {boolean[]} */ results = []
  /** @type {number[]} columns, as they lie on the table */ order = []
  open = true

  /** @param {HTMLElement} step @param {StoryData} data */
  constructor(step, { photographs, columns, colours }) {
    this.step = step
    this.photographs = photographs
    this.columns = columns
    this.inferno = bytes(colours.inferno)
    this.next = step.querySelector("[name=next]")
    this.next.onclick = () => this.onward()
  }

  start() {
    this.round = 0
    this.results = []
    this.deal()
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || !this.open) return
    const digit = Number(event.key)
    if (!(digit >= 1 && digit <= this.columns.length)) return
    event.preventDefault()
    this.guess(digit - 1)
  }

  async deal() {
    const round = this.round
    const { name, category, picture, maps } = this.photographs[round]
    this.order = shuffled(this.columns.length)
    this.open = true
    this.next.hidden = true
    const original = element("figure", "photo", `<canvas></canvas><figcaption>${escape(name.replaceAll("-", " "))}</figcaption>`)
    const choices = this.order.map((_, place) => this.choice(place))
    this.step.querySelector(".table").replaceChildren(original, ...choices)
    this.say(`Photograph ${round + 1} of ${this.photographs.length}. The maps explain “${category}”. Which one is the compound network’s?`)
    this.score()
    const image = await photograph(picture)
    if (round !== this.round || !original.isConnected) return
    lay(original.querySelector("canvas"), image)
    const own = cut(floats(maps), this.columns)
    choices.forEach((node, place) => {
      const column = this.order[place]
      lay(node.querySelector("canvas"), image, heat(own[column], this.columns[column], this.inferno))
    })
  }

  /** @param {number} place */
  choice(place) {
    const node = element("button", "choice", `<canvas></canvas><span class="under"><kbd>${place + 1}</kbd><span class="label">this one</span></span>`)
    node.type = "button"
    node.setAttribute("aria-label", `Map ${place + 1}`)
    node.onclick = () => this.open && this.guess(place)
    return node
  }

  /** @param {number} place */
  guess(place) {
    this.open = false
    const sought = this.order.findIndex((column) => this.columns[column].key === SOUGHT)
    const right = place === sought
    this.results.push(right)
    this.step.querySelectorAll(".choice").forEach((node, other) => this.reveal(node, other, place, sought))
    const last = this.results.length === this.photographs.length
    this.say(`${right ? "Yes." : `No: number ${sought + 1} is.`} ${last ? this.summary() : ""}`)
    this.score()
    this.next.hidden = false
    this.next.textContent = last ? "Play again" : "Next photograph"
    this.next.focus({ preventScroll: true })
  }

  /** @param {HTMLElement} node @param {number} place @param {number} guessed @param {number} sought */
  reveal(node, place, guessed, sought) {
    const { label, colour } = this.columns[this.order[place]]
    node.style.setProperty("--colour", colour)
    node.classList.add("revealed")
    node.classList.toggle("sought", place === sought)
    node.classList.toggle("guessed", place === guessed)
    node.querySelector(".label").textContent = label
    node.setAttribute("aria-label", `Map ${place + 1}: ${label}`)
    node.setAttribute("aria-disabled", "true")
  }

  onward() {
    if (this.results.length === this.photographs.length) this.start()
    else {
      this.round = this.results.length
      this.deal()
    }
    this.step.querySelector(".choice").focus({ preventScroll: true })
  }

  score() {
    const right = this.results.filter(Boolean).length, { length } = this.results
    const chance = (length / this.columns.length).toFixed(1)
    this.step.querySelector(".score").textContent = length ? `${right} of ${length} right; luck alone: ${chance}` : "Keys 1 to 5, or tap a map"
    const marks = this.photographs.map((_, place) => this.results[place])
    this.step.querySelector(".rounds").replaceChildren(...marks.map((one, place) =>
      element("i", one === undefined ? (place === this.round ? "now" : "") : one ? "hit" : "miss")))
  }

  summary() {
    const right = this.results.filter(Boolean).length, { length } = this.photographs
    const often = Math.round(100 * byLuck(right, length, this.columns.length))
    const share = often >= 100 ? "all" : often < 1 ? "fewer than 1 in 100" : `${often} of 100`
    return `You found ${right} of ${length}. Of those who only guess, ${share} do at least as well.`
  }

  /** @param {string} words */
  say(words) {
    this.step.querySelector(".asked").textContent = words
  }
}

/** @param {Element} node */
function inView(node) {
  const { top, bottom } = node.getBoundingClientRect()
  return top < innerHeight * 0.6 && bottom > innerHeight * 0.4
}
