// Step 3: three ways to grow a network, and the compound one, all drawn to the same scale.

import { element } from "../shared/page.js"
import { escape } from "../shared/words.js"

const EACH_NETWORK = 1900 // milliseconds for each network
const PIXEL = 0.3, LAYER = 6, CHANNEL = 0.22, GAP = 5, AFTER = 33.6, FLOOR = 144 // units of the drawing
const CELL = 32 // pixels of the input for each cell of the last map
const IN = "http://www.w3.org/2000/svg"
/** @type {Record<string, string>} */
const WORDS = {
  baseline: "the network to grow", depth: "more layers", width: "more channels", resolution: "more pixels",
  compound: "some of all three",
}

/** @param {HTMLElement} step @param {StoryData} data @param {boolean} still */
export function showGrowth(step, { growth, columns, photographs }, still) {
  const buttons = growth.map((one, place) => button(one, columns[place]))
  step.querySelector(".networks").replaceChildren(...buttons)
  const drawing = step.querySelector(".drawing")
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer
  /** @param {number} place */
  const show = (place) => {
    buttons.forEach((one, other) => one.setAttribute("aria-pressed", String(other === place)))
    drawNetwork(drawing, place, growth, columns[place], photographs[0].picture)
    step.querySelector(".said-of").innerHTML = sentence(growth[place], columns[place])
  }
  const chosen = new AbortController() // stops the animation
  buttons.forEach((one, place) => (one.onclick = () => {
    chosen.abort()
    clearTimeout(timer)
    show(place)
  }))
  show(growth.length - 1)
  if (still) return
  const seen = new IntersectionObserver(([entry]) => {
    if (!entry.isIntersecting) return
    seen.disconnect()
    /** @param {number} place */
    const walk = (place) => {
      show(place)
      if (place + 1 < growth.length) timer = setTimeout(() => walk(place + 1), EACH_NETWORK)
    }
    if (!chosen.signal.aborted) walk(0)
  }, { threshold: 0.6 })
  seen.observe(drawing)
}

/** @param {Grown} one @param {StoryColumn} column */
function button({ key, depth, width, pixels, params, macs, times }, { label, colour }) {
  const node = element("button", "network", `<b>${escape(label)}</b><span>${escape(WORDS[key] ?? "")}</span>
    <span class="n">d ${depth} · w ${width} · ${pixels} px</span><span class="n">${params} parameters</span>
    <span>${macs} multiply-adds${key === "baseline" ? "" : `, <span class="n">× ${times}</span>`}</span>`)
  node.type = "button"
  node.style.setProperty("--colour", colour)
  return node
}

/** @param {Grown} one @param {StoryColumn} column */
export function sentence({ layers, channels, pixels }, { label, cells }) {
  const count = layers.reduce((sum, one) => sum + one, 0)
  return `<b>${escape(label)}</b>: a photograph of ${pixels} × ${pixels} pixels goes through ${count} layers in ${layers.length} stages, ` +
    `the widest with ${Math.max(...channels)} channels, and comes out as a map of ${cells} × ${cells} cells.`
}

// Photograph, stages and map; the baseline remains as an outline. The same rectangles move from network to network.
/**
 * @param {SVGElement} drawing @param {number} place @param {NetworkShape[]} all @param {{ colour: string, label: string }} column
 * @param {string} [picture] what the network sees
 */
export function drawNetwork(drawing, place, all, { colour, label }, picture = "") {
  const one = all[place], now = boxes(one, all), before = boxes(all[0], all)
  drawing.setAttribute("aria-label", `${label}: ${one.pixels} pixels, layers ${one.layers.join(", ")}, channels ${one.channels.join(", ")}`)
  const outlines = before.map((box, index) => rectangle(drawing, `outline-${index}`, box, "outline"))
  const seen = svgPart(drawing, "image", "seen")
  if (picture) seen.setAttribute("href", picture)
  measure(seen, now[0])
  const parts = now.map((box, index) => {
    const node = rectangle(drawing, `part-${index}`, box, index === 0 ? "photo" : index === now.length - 1 ? "map" : "stage")
    node.style.setProperty("--colour", colour)
    return node
  })
  const grid = svgPart(drawing, "path", "grid")
  grid.setAttribute("d", lattice(now[now.length - 1], Math.ceil(one.pixels / CELL)))
  grid.setAttribute("class", "lattice")
  if (drawing.lastChild !== outlines[outlines.length - 1]) drawing.replaceChildren(seen, ...parts, grid, ...outlines)
}

// Every stage has the space that it needs in the largest network, so that it never moves.
/** @param {NetworkShape} one @param {NetworkShape[]} all @returns {{ x: number, y: number, width: number, height: number }[]} */
function boxes({ pixels, layers, channels }, all) {
  const side = pixels * PIXEL
  const found = [{ x: 2, y: FLOOR - side, width: side, height: side }]
  let x = Math.max(...all.map((other) => other.pixels)) * PIXEL + AFTER
  layers.forEach((count, place) => {
    const height = channels[place] * CHANNEL
    found.push({ x, y: FLOOR - height, width: count * LAYER, height })
    x += Math.max(...all.map((other) => other.layers[place])) * LAYER + GAP
  })
  return [...found, { x: x + 20, y: FLOOR - side, width: side, height: side }]
}

/** @param {{ x: number, y: number, width: number, height: number }} box @param {number} cells */
function lattice({ x, y, width }, cells) {
  const lines = Array.from({ length: cells - 1 }, (_, place) => ((place + 1) * width) / cells)
  return lines.map((at) => `M${x + at},${y}v${width}M${x},${y + at}h${width}`).join("")
}

/** @param {SVGElement} drawing @param {string} name @param {object} box @param {string} kind */
function rectangle(drawing, name, box, kind) {
  const node = svgPart(drawing, "rect", name)
  node.setAttribute("class", kind)
  measure(node, box)
  return node
}

/** @param {SVGElement} node @param {object} box */
function measure(node, box) {
  for (const [side, value] of Object.entries(box)) node.setAttribute(side, value.toFixed(1))
}

/** @param {SVGElement} drawing @param {string} tag @param {string} name @returns {SVGElement} */
function svgPart(drawing, tag, name) {
  const there = drawing.querySelector(`[data-name=${name}]`)
  if (there) return there
  const node = /** @type {SVGElement} */ (document.createElementNS(IN, tag))
  node.dataset.name = name
  drawing.append(node)
  return node
}
