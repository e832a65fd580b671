// Feature maps times weights are the map; one cell is a sum over channels; the mean of all cells plus the bias is the logit.

import { element } from "../shared/page.js"
import { escape, percent } from "../shared/words.js"
import { cellsAlone, heat, lay, photograph } from "../story/heat.js"
import { boxOf, cellAt, cellSum, meanOf, partialMap } from "../story/sums.js"
import { bytes, extent, floats } from "../viewer/maps.js"
import { from } from "./parts.js"

const SHOWN = 7 // number of channels shown one by one
const EACH = 450 // milliseconds for each channel

/** @param {HTMLElement} body @param {DeckScene} _ @param {Drawn} drawn @returns {SceneBody} */
export function cellsScene(body, _, { apart, colours }) {
  const inferno = bytes(colours.inferno), viridis = bytes(colours.viridis)
  const channels = apart.channels.slice(0, SHOWN).map(({ weight, map, channel }) => ({ weight, channel, map: floats(map) }))
  const whole = floats(apart.map), others = partialMap(channels, SHOWN, whole.length).map((sum, cell) => whole[cell] - sum)
  const board = element("div", "board", "<canvas></canvas><i class=\"mark\"></i>")
  const tiles = element("div", "tiles")
  const highest = Math.max(...channels.map(({ map }) => extent(map)[1]))
  for (const { map, channel, weight } of channels) {
    const tile = element("figure", "tile", `<canvas></canvas><figcaption>channel ${channel}<br><b>× ${two(weight)}</b></figcaption>`)
    cellsAlone(tile.querySelector("canvas"), map, [0, highest], viridis)
    tiles.append(tile)
  }
  tiles.append(element("figure", "tile", `<div class="more">+ ${apart.channels.length - SHOWN + apart.others}</div><figcaption>all the<br>others</figcaption>`))
  const sum = from(element("p", "said"), 2), total = from(element("p", "said"), 3)
  const left = element("div", "apart-side"), right = element("div", "apart-side")
  left.append(board, element("p", "under-board"))
  right.append(tiles, sum, total)
  body.append(left, right)
  total.innerHTML = `<b>All ${whole.length} cells:</b> mean ${two(meanOf(whole))} ${apart.bias < 0 ? "−" : "+"} bias ${two(Math.abs(apart.bias))} = <b>${two(apart.logit)}</b>,
    the logit of “${escape(apart.category)}”; softmax makes it ${percent(apart.probability)}.`

  /** @type {HTMLImageElement | undefined} */ let image
  /** @type {ReturnType<typeof setTimeout> | undefined} */ let timer
  let count = 0
  const paint = () => {
    if (!image) return
    const map = count > SHOWN ? whole : partialMap(channels, count, whole.length)
    lay(board.querySelector("canvas"), image, heat(map, apart, inferno, { blocks: true, high: extent(whole)[1] }), true)
    tiles.querySelectorAll(".tile").forEach((/** @type {HTMLElement} */ tile, /** @type {number} */ place) => tile.classList.toggle("waiting", count > 0 && place >= count))
    left.querySelector(".under-board").textContent = !count ? "Seven of its feature maps" : count > SHOWN ? "All channels: the class activation map" : `${count} of ${SHOWN} added`
  }
  /** @param {number} cell */
  const point = (cell) => {
    const { left: x, top, right: end, bottom } = boxOf(apart, cell)
    Object.assign(board.querySelector(".mark").style, {
      left: `${100 * x}%`, top: `${100 * top}%`, width: `${100 * (end - x)}%`, height: `${100 * (bottom - top)}%`,
    })
    const { parts, rest, value } = cellSum(channels, others, cell)
    const shown = parts.reduce((all, { product }) => all + product, 0)
    sum.innerHTML = `<b>This cell:</b> ${two(shown)} from these ${SHOWN} ${rest < 0 ? "−" : "+"} ${two(Math.abs(rest))} from the others = <b>${two(value)}</b>`
  }
  board.onpointermove = (event) => {
    const box = board.getBoundingClientRect()
    point(cellAt(apart, (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height))
  }
  point(whole.indexOf(extent(whole)[1]))
  photograph(apart.picture).then((one) => {
    image = one
    paint()
  })
  return {
    last: 3,
    show(build, still) {
      clearTimeout(timer)
      board.classList.toggle("pointed", build >= 2)
      count = build === 0 ? 0 : SHOWN + 1
      if (build === 1 && !still) {
        count = 0
        const next = () => {
          count += 1
          paint()
          if (count <= SHOWN) timer = setTimeout(next, EACH)
        }
        next()
      }
      paint()
    },
  }
}

/** @param {number} value */
function two(value) {
  return value.toFixed(value && Math.abs(value) < 0.005 ? 3 : 2).replace("-", "−")
}
