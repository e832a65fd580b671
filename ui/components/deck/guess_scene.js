// Which map is the compound network's? The hall is asked about one photograph after the other and votes on phones. Its votes
// are shown only with the answer, so that nobody follows the others.

import { element } from "../shared/page.js"
import { escape } from "../shared/words.js"
import { byLuck } from "../story/chance.js"
import { paintRow, pane, spoken } from "./parts.js"

const WANTED = "compound"

/** @param {HTMLElement} body @param {DeckScene} scene @param {Drawn} drawn @param {DeckData} data @returns {SceneBody} */
export function guessScene(body, scene, drawn, data) {
  const rounds = scene.photographs.map((name, place) => new Round(drawn, name, scene.orders[place]))
  const join = joining(scene, data)
  const table = element("div", "asking")
  body.append(join, table)
  let shown = 0, votes = rounds.map(({ order }) => order.map(() => 0))
  const count = () => {
    const { asked, revealed } = placeOf(shown)
    join.querySelector(".arrived").textContent = people(votes[0])
    if (shown) rounds[asked].count(votes[asked], revealed)
    if (shown === 2 * rounds.length) rounds[asked].sum(rounds, votes)
  }
  return {
    last: 2 * rounds.length,
    asks: (build) => placeOf(build),
    count(found) {
      votes = rounds.map(({ order }, place) => found[place] ?? order.map(() => 0))
      count()
    },
    show(build) {
      shown = build
      const { asked } = placeOf(build)
      join.hidden = build > 0
      table.hidden = build === 0
      if (build && table.firstChild !== rounds[asked].node) table.replaceChildren(rounds[asked].node)
      rounds[asked].code(scene, data)
      count()
    },
  }
}

/** In the first build phones join; then each photograph has a build for its question and one for its answer. @param {number} build */
function placeOf(build) {
  return { asked: Math.max(0, Math.ceil(build / 2) - 1), revealed: build > 0 && build % 2 === 0 }
}

/** @param {DeckScene} scene @param {DeckData} data */
function joining({ code, shared }, { onlyHere }) {
  const node = element("div", "joining", `<img alt="" class="code"><div>
    <p class="do">Five maps, one photograph. Which map is the compound network’s?</p>
    <p><b>1</b> Read the code with your phone, or open<br><span class="address">${escape(shared.replace(/^\w+:\/\//, ""))}</span>${onlyHere ? "<br><span class=\"only\">which opens on this computer only</span>" : ""}</p>
    <p><b>2</b> Tap a map. Luck alone finds it one time in five.</p>
    <p class="kept">One vote for each browser. Votes are counted in memory; nothing is stored.</p>
    <p class="arrived" aria-live="polite"></p></div>`)
  node.querySelector("img").src = code
  node.querySelector("img").alt = `QR code of ${shared}`
  return node
}

class Round {
  /** @param {Drawn} drawn @param {string} name @param {number[]} order */
  constructor(drawn, name, order) {
    const row = drawn.photographs.filter((one) => one.name === name)[0]
    this.order = order
    this.columns = order.map((column) => drawn.columns[column])
    this.sought = this.columns.findIndex(({ key }) => key === WANTED)
    this.panes = this.columns.map(({ label, colour }, place) => {
      const node = pane(`<kbd>${place + 1}</kbd><span class="whose">${escape(label)}</span><span class="votes"></span>`, "choice")
      node.append(element("i", "share"))
      node.style.setProperty("--colour", colour)
      return node
    })
    const original = pane(escape(spoken(name)), "large")
    this.node = element("div", "alone")
    this.tally = element("div", "tally", `<img alt="" class="code"><div><p class="asked">Which map of “${escape(row.category)}” is the compound network’s?</p><p class="number" aria-live="polite"></p></div>`)
    this.node.append(original, ...this.panes, this.tally)
    paintRow([original, ...this.panes], row, drawn, { order })
  }

  /** @param {DeckScene} scene @param {DeckData} data */
  code({ code, shared }, { view }) {
    const image = this.tally.querySelector("img")
    image.src = code
    image.alt = `QR code of ${shared}`
    image.hidden = view === "handout"
  }

  /** @param {number[]} votes @param {boolean} revealed */
  count(votes, revealed) {
    const all = votes.reduce((sum, one) => sum + one, 0)
    this.node.classList.toggle("revealed", revealed)
    this.panes.forEach((node, place) => {
      node.classList.toggle("sought", revealed && place === this.sought)
      node.querySelector(".votes").textContent = revealed && all ? String(votes[place]) : ""
      node.style.setProperty("--share", String(revealed && all ? votes[place] / all : 0))
    })
    const right = votes[this.sought]
    this.tally.querySelector(".asked").hidden = revealed
    this.tally.querySelector(".number").innerHTML = !revealed ? people(votes)
      : all ? `Number <b>${this.sought + 1}</b>: ${right} of ${all} found it; luck alone: ${(all / votes.length).toFixed(1)}.` : `It was number <b>${this.sought + 1}</b>.`
  }

  /** @param {Round[]} rounds @param {number[][]} votes */
  sum(rounds, votes) {
    const all = votes.flat().reduce((sum, one) => sum + one, 0)
    if (!all) return
    const right = rounds.reduce((sum, { sought }, place) => sum + votes[place][sought], 0)
    const often = byLuck(right, all, this.panes.length)
    this.tally.querySelector(".number").innerHTML += `<br>In all <b>${right} of ${all}</b>. Guessing blindly does as well ${often > 0.995 ? "always" : often < 0.01 ? "less than once in 100" : `${Math.round(100 * often)} times in 100`}.`
  }
}

/** @param {number[]} votes */
function people(votes) {
  const all = votes.reduce((sum, one) => sum + one, 0)
  return `${all || "No"} vote${all === 1 ? "" : "s"}${all ? "" : " yet"}`
}
