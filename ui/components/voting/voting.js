// What a phone of the hall shows: one photograph, five maps without names, one to tap. A random word, kept in the browser, tells
// the server one browser from another.

import { element } from "../shared/page.js"
import { escape } from "../shared/words.js"
import { heat, lay, photograph } from "../story/heat.js"
import { bytes, cut, floats } from "../viewer/maps.js"

const WORD = "compound-cam-voter"
const KEPT = "One vote for each browser. Votes are counted in memory; nothing is stored, and nobody knows whose they are."

/** @param {Component<Voting>} component */
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".voting")
  if (data.asked === null) {
    root.dataset.asked = ""
    root.innerHTML = "<h1>Nobody asks just now</h1><p>As soon as the lecture does, the maps appear here by themselves.</p>"
    return
  }
  if (root.dataset.asked !== String(data.asked)) build(root, data, setTriggerValue)
  mark(root, data)
}

/** @param {HTMLElement} root @param {Voting} data @param {(name: string, value: unknown) => void} send */
function build(root, data, send) {
  const { asked, of, photograph: shown, order } = data
  root.dataset.asked = String(asked)
  root.dataset.chosen = ""
  root.innerHTML = `<h1>Which map is the compound network’s?</h1><p class="said" aria-live="polite"></p><div class="choices"></div><p class="kept">${KEPT}</p>`
  const original = element("figure", "", `<canvas></canvas><figcaption>${escape(shown.name.replaceAll("-", " "))}, photograph ${Number(asked) + 1} of ${of}</figcaption>`)
  const choices = order.map((_, place) => {
    const node = element("button", "", `<canvas></canvas><span class="under"><b>${place + 1}</b> <span class="label"></span></span>`)
    node.type = "button"
    node.setAttribute("aria-label", `Map ${place + 1}`)
    node.onclick = () => {
      root.dataset.chosen = String(place)
      send("vote", { asked, choice: place, voter: voter() })
      mark(root, data)
    }
    return node
  })
  root.querySelector(".choices").append(original, ...choices)
  paint(data, [original, ...choices])
}

/** @param {Voting} data @param {HTMLElement[]} nodes */
async function paint({ photograph: { picture, maps }, columns, order, inferno }, [original, ...choices]) {
  const image = await photograph(picture), own = cut(floats(maps), columns), rgb = bytes(inferno)
  lay(original.querySelector("canvas"), image)
  choices.forEach((node, place) => {
    const canvas = node.querySelector("canvas"), column = order[place]
    lay(canvas, image, heat(own[column], columns[column], rgb))
  })
}

/** @param {HTMLElement} root @param {Voting} data */
function mark(root, { asked, counted, labels, sought }) {
  const mine = root.dataset.chosen || (counted?.[0] === asked ? String(counted?.[1]) : "")
  root.querySelectorAll("button").forEach((/** @type {HTMLButtonElement} */ node, /** @type {number} */ place) => {
    node.setAttribute("aria-pressed", String(mine === String(place)))
    node.disabled = Boolean(labels)
    node.classList.toggle("sought", place === sought)
    node.querySelector(".label").textContent = labels?.[place] ?? (mine === String(place) ? "your vote" : "")
  })
  root.querySelector(".said").textContent = labels ? (mine === String(sought) ? "Yes, you found it." : `It was number ${Number(sought) + 1}.`)
    : !mine ? "Tap a map." : counted?.[0] === asked && String(counted?.[1]) === mine ? "Your vote is in. Until the answer is shown you may change it."
      : "Sending your vote …"
}

function voter() {
  const word = localStorage.getItem(WORD) ?? Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("")
  localStorage.setItem(WORD, word)
  return word
}
