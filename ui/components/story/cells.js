// Step 2: feature maps times weights are the map. The cell under the pointer is taken apart; the whole map is added up once.

import { element } from "../shared/page.js"
import { clamp, escape, percent } from "../shared/words.js"
import { bytes, extent, floats } from "../viewer/maps.js"
import { cellsAlone, heat, lay, photograph } from "./heat.js"
import { boxOf, cellAt, cellSum, meanOf, partialMap } from "./sums.js"

const EACH_CHANNEL = 550 // milliseconds for each channel
/** @type {Record<string, [number, number]>} */
const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }

/** @param {HTMLElement} step @param {StoryData} data @param {boolean} still */
export async function showCells(step, data, still) {
  const apart = new TakenApart(step, data)
  apart.point(apart.hottest())
  apart.image = await photograph(data.apart.picture)
  apart.paint()
  step.querySelector("[name=add]").onclick = () => apart.play()
  if (still) return
  const seen = new IntersectionObserver(([entry]) => {
    if (!entry.isIntersecting) return
    seen.disconnect()
    apart.play()
  }, { threshold: 0.6 })
  seen.observe(step.querySelector(".board"))
}

class TakenApart {
  /** @type {HTMLImageElement | undefined} */ image
  cell = 0

  /** @param {HTMLElement} step @param {StoryData} data */
  constructor(step, { apart, colours }) {
    this.step = step
    this.data = apart
    this.inferno = bytes(colours.inferno)
    this.viridis = bytes(colours.viridis)
    this.channels = apart.channels.map(({ weight, map }) => ({ weight, map: floats(map) }))
    this.rest = floats(apart.rest)
    this.map = floats(apart.map)
    this.count = this.channels.length + 1 // channels added up so far; one more than the channels shown means all of them
    this.board = step.querySelector(".board")
    this.tiles = this.buildTiles()
    step.querySelector(".channels").replaceChildren(...this.tiles)
    this.writeWhole()
    this.listen()
  }

  hottest() {
    return this.map.indexOf(extent(this.map)[1])
  }

  buildTiles() {
    const most = Math.max(...this.channels.map(({ map }) => extent(map)[1]))
    const tiles = this.channels.map(({ map }, place) => {
      const tile = element("figure", "tile", `<div class="map"><canvas></canvas><i class="mark"></i></div><figcaption>channel ${this.data.channels[place].channel}<br><span class="product"></span></figcaption>`)
      cellsAlone(tile.querySelector("canvas"), map, [0, most], this.viridis)
      return tile
    })
    tiles.push(element("figure", "tile others", `<div class="map">+ ${this.data.others}</div><figcaption>all others<br><span class="product"></span></figcaption>`))
    const whole = element("figure", "tile whole", `<div class="map"><canvas></canvas><i class="mark"></i></div><figcaption>the map<br><span class="product"></span></figcaption>`)
    cellsAlone(whole.querySelector("canvas"), this.map, [0, extent(this.map)[1]], this.inferno)
    return [...tiles, whole]
  }

  listen() {
    const follow = (/** @type {PointerEvent} */ event) => {
      const box = this.board.getBoundingClientRect()
      this.point(cellAt(this.data, (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height))
    }
    this.board.onpointermove = follow
    this.board.onpointerdown = follow
    this.board.onkeydown = (/** @type {KeyboardEvent} */ event) => {
      const move = STEPS[event.key]
      if (!move) return
      event.preventDefault()
      const { cells } = this.data
      const row = clamp(Math.floor(this.cell / cells) + move[0], 0, cells - 1)
      this.point(row * cells + clamp((this.cell % cells) + move[1], 0, cells - 1))
    }
    for (const canvas of this.step.querySelectorAll(".channels canvas")) {
      canvas.onpointermove = canvas.onpointerdown = (/** @type {PointerEvent} */ event) => this.pointInTile(event)
    }
  }

  /** @param {PointerEvent} event */
  pointInTile({ target, clientX, clientY }) {
    const box = /** @type {Element} */ (target).getBoundingClientRect(), { cells } = this.data
    /** @param {number} share */
    const index = (share) => clamp(Math.floor(share * cells), 0, cells - 1)
    this.point(index((clientY - box.top) / box.height) * cells + index((clientX - box.left) / box.width))
  }

  // Show one cell as a sum.
  /** @param {number} cell */
  point(cell) {
    this.cell = cell
    const { cells } = this.data
    const { left, top, right, bottom } = boxOf(this.data, cell)
    const words = { left, top, width: right - left, height: bottom - top }
    for (const [name, share] of Object.entries(words)) this.board.querySelector(".mark").style[name] = `${100 * share}%`
    const sum = cellSum(this.channels, this.rest, cell)
    this.tiles.forEach((tile, place) => {
      const part = sum.parts[place]
      tile.style.setProperty("--x", String((cell % cells) / cells))
      tile.style.setProperty("--y", String(Math.floor(cell / cells) / cells))
      tile.querySelector(".product").innerHTML =
        part ? `${rounded(part.activation)} × ${rounded(part.weight)}<br><b>= ${plus(part.product)}</b>`
          : place < this.tiles.length - 1 ? `together<br><b>= ${plus(sum.rest)}</b>` : `sum<br><b>= ${rounded(sum.value)}</b>`
    })
    this.writeCell(sum)
  }

  /** @param {CellSum} sum */
  writeCell({ parts, rest, value }) {
    const shown = parts.reduce((total, { product }) => total + product, 0)
    const { cells, logit } = this.data
    const share = value / (cells * cells)
    this.step.querySelector(".cell-sum").innerHTML =
      `<b>This cell</b> (row ${Math.floor(this.cell / cells) + 1}, column ${(this.cell % cells) + 1}): ` +
      `<span class="n" data-sum="shown">${rounded(shown)}</span> from these ${parts.length} channels ${rest < 0 ? "−" : "+"} ` +
      `<span class="n" data-sum="rest">${rounded(Math.abs(rest))}</span> from the others = <b class="n" data-sum="value">${rounded(value)}</b>. ` +
      `One of ${cells * cells} cells: it ${share < 0 ? "takes" : "gives"} <span class="n">${rounded(Math.abs(share))}</span> of the logit’s ${rounded(logit)}.`
  }

  writeWhole() {
    const { cells, bias, logit, category, probability } = this.data
    this.step.querySelector(".whole-sum").innerHTML =
      `<b>All ${cells * cells} cells</b>: mean <span class="n" data-sum="mean">${rounded(meanOf(this.map))}</span> ${bias < 0 ? "−" : "+"} bias ` +
      `<span class="n" data-sum="bias">${rounded(Math.abs(bias))}</span> = <b class="n" data-sum="logit">${rounded(logit)}</b>, the logit of “${escape(category)}”. ` +
      `Softmax over all classes makes it ${percent(probability)}. Nothing is lost on the way.`
    for (const node of this.step.querySelectorAll("[data-word=network]")) node.textContent = this.data.network
  }

  // Add up the channels shown, one after the other, and then all others.
  play() {
    clearTimeout(this.timer)
    this.count = 0
    const next = () => {
      this.paint()
      if (this.count > this.channels.length) return
      this.count += 1
      this.timer = setTimeout(next, EACH_CHANNEL)
    }
    next()
  }

  paint() {
    if (!this.image) return
    const whole = this.count > this.channels.length
    const map = whole ? this.map : partialMap(this.channels, this.count, this.map.length)
    const high = extent(this.map)[1]
    lay(this.board.querySelector("canvas"), this.image, heat(map, this.data, this.inferno, { blocks: true, high }), true)
    this.tiles.forEach((tile, place) => tile.classList.toggle("waiting", !whole && place >= this.count))
    const { length } = this.channels
    this.step.querySelector(".progress").textContent = whole ? `All ${this.data.others + length} channels: the class activation map` : `${this.count} of ${length} channels added`
  }
}

// Two decimals, so that the numbers shown add up; three where two would show only zeros.
/** @param {number} value */
function rounded(value) {
  return value.toFixed(value && Math.abs(value) < 0.005 ? 3 : 2).replace("-", "−")
}

/** @param {number} value */
function plus(value) {
  return `${value < 0 ? "" : "+"}${rounded(value)}`
}
