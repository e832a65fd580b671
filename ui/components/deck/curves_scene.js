// The paper's accuracy against cost: one way to grow after the other.

import { element } from "../shared/page.js"
import { escape } from "../shared/words.js"
import { from } from "./parts.js"

const WIDTH = 100, HEIGHT = 62, LEFT = 8, BOTTOM = 8, TOP = 2, RIGHT = 3 // units of the drawing
const COST = 5, LOW = 75.5, HIGH = 83.5 // G multiply-adds; percent
const ORDER = ["depth", "width", "resolution", "compound"]

/** @param {HTMLElement} body @param {DeckScene} _ @param {Drawn} drawn @returns {SceneBody} */
export function curvesScene(body, _, { curves, columns, paper }) {
  const shown = ORDER.filter((key) => key in curves)
  const parts = [axesOf(), ...shown.map((key, place) => curve(curves[key], colourOf(columns, key), place))]
  const chart = element("div", "chart", `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="ImageNet accuracy against cost, ${shown.join(", ")}">${parts.join("")}</svg>`)
  const list = element("div", "gains")
  shown.forEach((key, place) => {
    const { label, gflops, top1 } = curves[key]
    const end = inside(curves[key])
    const node = from(element("div", "gain", `<b>${escape(label[0].toUpperCase() + label.slice(1))}</b><span>${top1[0]} → <b>${top1[end].toFixed(1)} %</b> for ${(gflops[end] / gflops[0]).toFixed(0)} × the cost</span>`), place)
    node.style.setProperty("--colour", colourOf(columns, key))
    list.append(node)
  })
  body.append(chart, list)
  return { last: shown.length - 1, show: () => {}, source: `${paper.source.split(":")[0].replace(/, Figure 7$/, "")}, Figure 8` }
}

/** @param {StoryColumn[]} columns @param {string} key */
function colourOf(columns, key) {
  return columns.find((column) => column.key === key)?.colour ?? "currentColor"
}

/** The last point that the chart shows. @param {Curve} curve */
function inside({ gflops }) {
  return gflops.findLastIndex((cost) => cost <= COST)
}

/** @param {number} cost */
function across(cost) {
  return LEFT + (cost / COST) * (WIDTH - LEFT - RIGHT)
}

/** @param {number} top1 */
function up(top1) {
  return HEIGHT - BOTTOM - ((top1 - LOW) / (HIGH - LOW)) * (HEIGHT - BOTTOM - TOP)
}

function axesOf() {
  const levels = [76, 78, 80, 82].map((one) => `<path class="grid" d="M${LEFT},${up(one)}H${WIDTH - RIGHT}"/><text class="tick" x="${LEFT - 1}" y="${up(one) + 0.9}" text-anchor="end">${one} %</text>`)
  const costs = [1, 2, 3, 4, 5].map((one) => `<text class="tick" x="${across(one)}" y="${HEIGHT - BOTTOM + 3.4}" text-anchor="middle">${one}</text>`)
  const title = `<text class="tick" x="${(LEFT + WIDTH) / 2}" y="${HEIGHT - 0.8}" text-anchor="middle">cost, billions of multiply-adds for one image</text>`
  return [...levels, ...costs, title].join("")
}

/** @param {Curve} curve @param {string} colour @param {number} place */
function curve({ gflops, top1 }, colour, place) {
  const points = gflops.slice(0, inside({ gflops, top1, label: "" }) + 1).map((cost, index) => [across(cost), up(top1[index])])
  const dots = points.map(([x, y]) => `<circle cx="${x}" cy="${y}" r="0.8"/>`).join("")
  return `<g class="curve" data-from="${place}" style="--colour: ${colour}"><polyline points="${points.join(" ")}"/>${dots}</g>`
}
