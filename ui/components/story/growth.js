// Step 3: three ways to grow a network, and the compound one, drawn to one scale.

import { element } from "../shared/page.js"
import { escape } from "../shared/words.js"

const EACH_NETWORK = 1900 // milliseconds for each network
const PIXEL = 0.3, LAYER = 6.4, CHANNEL = 0.3, GAP = 4, FLOOR = 200 // units of the drawing
const CELL = 32 // pixels of the input for each cell of the last map
const IN = "http://www.w3.org/2000/svg"
/** @type {Record<string, string>} */
const WORDS = {
  baseline: "the network to grow", depth: "more layers", width: "more channels", resolution: "more pixels",
  compound: "some of all three",
}

/** @param {HTMLElement} step @param {StoryData} data @param {boolean} still */
export function showGrowth(step, { growth, columns }, still) {
  const buttons = growth.map((one, place) => button(one, columns[place]))
  step.querySelector(".networks").replaceChildren(...buttons)
  const drawing = step.querySelector(".drawing")
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer
  /** @param {number} place */
  const show = (place) => {
    buttons.forEach((one, other) => one.setAttribute("aria-pressed", String(other === place)))
    drawNetwork(drawing, growth[place], growth[0], columns[place])
    step.querySelector(".said-of").innerHTML = sentence(growth[place], columns[place])
  }
  buttons.forEach((one, place) => (one.onclick = () => {
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
    walk(0)
  }, { threshold: 0.6 })
  seen.observe(drawing)
}

/** @param {Grown} one @param {StoryColumn} column */
function button({ key, depth, width, pixels, params, macs, times }, { label, colour }) {
  const node = element("button", "network", `<b>${escape(label)}</b><span>${escape(WORDS[key] ?? "")}</span>
    <span class="n">d ${depth} · w ${width} · ${pixels} px</span><span class="n">${params} parameters</span>
    <span class="n">${macs} multiply-adds${key === "baseline" ? "" : `, × ${times}`}</span>`)
  node.type = "button"
  node.style.setProperty("--colour", colour)
  return node
}

/** @param {Grown} one @param {StoryColumn} column */
function sentence({ layers, channels, pixels }, { label, cells }) {
  const count = layers.reduce((sum, one) => sum + one, 0)
  return `<b>${escape(label)}</b>: a photograph of ${pixels} × ${pixels} pixels goes through ${count} layers in ${layers.length} stages, ` +
    `the widest with ${Math.max(...channels)} channels, and comes out as a map of ${cells} × ${cells} cells.`
}

// Photograph, stages and map; the baseline stays behind as an outline. The same rectangles move from network to network.
/** @param {SVGElement} drawing @param {Grown} one @param {Grown} base @param {StoryColumn} column */
function drawNetwork(drawing, one, base, { colour, label }) {
  const now = boxes(one), before = boxes(base)
  drawing.setAttribute("aria-label", `${label}: ${one.pixels} pixels, layers ${one.layers.join(", ")}, channels ${one.channels.join(", ")}`)
  const outlines = before.slice(0, -1).map((box, place) => rectangle(drawing, `outline-${place}`, box, "outline"))
  const parts = now.map((box, place) => {
    const node = rectangle(drawing, `part-${place}`, box, place === 0 ? "photo" : place === now.length - 1 ? "map" : "stage")
    node.style.setProperty("--colour", colour)
    return node
  })
  const grid = svgPart(drawing, "path", "grid")
  grid.setAttribute("d", lattice(now[now.length - 1], Math.ceil(one.pixels / CELL)))
  grid.setAttribute("class", "lattice")
  if (drawing.lastChild !== grid) drawing.replaceChildren(...outlines, ...parts, grid)
}

/** @param {Grown} one @returns {{ x: number, y: number, width: number, height: number }[]} */
function boxes({ pixels, layers, channels }) {
  const side = pixels * PIXEL
  const found = [{ x: 144 - side, y: FLOOR - side, width: side, height: side }]
  let x = 168
  layers.forEach((count, place) => {
    const height = channels[place] * CHANNEL
    found.push({ x, y: FLOOR - height, width: count * LAYER, height })
    x += count * LAYER + GAP
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
  for (const [side, value] of Object.entries(box)) node.setAttribute(side, value.toFixed(1))
  return node
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
