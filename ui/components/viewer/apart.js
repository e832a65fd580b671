// One map in the large view, taken apart. A cell is the sum over all channels of activation times weight; the mean of the
// cells plus the bias is the logit.

import { element } from "../shared/page.js"
import { clamp, escape } from "../shared/words.js"
import { cellsAlone } from "../story/heat.js"
import { boxOf, cellAt, meanOf, strongestParts } from "../story/sums.js"
import { extent, floats } from "./maps.js"

const SHOWN = 8 // number of channels shown for a cell

/** Start or stop taking apart the map that is shown large; the server sends its parts. @param {Viewer} viewer @param {boolean} [on] */
export function takeApart(viewer, on = !viewer.takenApart) {
  viewer.takenApart = on
  const { row, column } = viewer.at
  if (on && column && !viewer.data.whole && !partsOf(viewer)) {
    viewer.trigger("apart", { digest: viewer.rows[row].digest, key: viewer.data.columns[column - 1].key })
  }
  paintApart(viewer)
}

/** The parts that the server sent, if they belong to the map that is shown. @param {Viewer} viewer */
function partsOf({ apart, rows, at, data }) {
  return at.column && apart?.digest === rows[at.row].digest && apart.key === data.columns[at.column - 1].key ? apart : null
}

/** Where the cells of a column are drawn. @param {Viewer} viewer @param {number} column @returns {Place} */
function placeOf(viewer, column) {
  const { centres, offset, resolution, cells } = viewer.data.columns[column - 1]
  const placement = viewer.placement()
  if (placement === "registered") return { centres, offset, resolution, cells }
  const even = centres.map((_, cell) => ((cell + 0.5) * resolution) / cells - 0.5)
  return { centres: placement === "nominal" ? centres : even, offset: [0, 0], resolution, cells }
}

/** Choose the cell at a point of the image, in units of the image's width. @param {Viewer} viewer @param {number} x @param {number} y */
export function chooseCell(viewer, x, y) {
  if (!viewer.takenApart || !viewer.at.column) return
  viewer.spot = { x, y }
  paintApart(viewer)
}

/** The cell that is taken apart: the one at the point chosen last, else the one with the largest value. @param {Viewer} viewer @param {Float32Array} whole */
function cellOf(viewer, whole) {
  return viewer.spot ? cellAt(placeOf(viewer, viewer.at.column), viewer.spot.x, viewer.spot.y) : whole.indexOf(extent(whole)[1])
}

/** Go to a neighbouring cell. @param {Viewer} viewer @param {number} down @param {number} right */
export function moveCell(viewer, down, right) {
  const { row, column } = viewer.at, place = placeOf(viewer, column), last = place.cells - 1
  const cell = cellOf(viewer, viewer.rows[row].maps[column - 1])
  const next = clamp(Math.floor(cell / place.cells) + down, 0, last) * place.cells + clamp((cell % place.cells) + right, 0, last)
  const { left, top, right: end, bottom } = boxOf(place, next)
  chooseCell(viewer, (left + end) / 2, (top + bottom) / 2)
}

/** @param {Viewer} viewer */
export function paintApart(viewer) {
  const { stage, at } = viewer
  const section = stage.querySelector(".apart"), button = stage.querySelector("[name=apart]"), mark = stage.querySelector(".mark")
  const shown = viewer.takenApart && at.column > 0 && !viewer.swipe.on
  const parts = shown ? partsOf(viewer) : null
  section.hidden = !shown
  mark.hidden = !parts?.channels
  button.hidden = !at.column || viewer.swipe.on || viewer.data.whole === undefined
  button.textContent = shown ? "The whole map" : "Take this map apart"
  if (shown && !parts && !viewer.data.whole) takeApartLater(viewer)
  if (!shown) return
  const words = viewer.data.whole || parts?.words
  section.classList.toggle("waiting", !parts?.channels)
  if (!parts?.channels) section.querySelector(".cell-words").textContent = words || "Taking this map apart …"
  else showParts(viewer, section, parts)
}

/** Another map is shown large while maps are taken apart. @param {Viewer} viewer */
function takeApartLater(viewer) {
  const wanted = `${viewer.rows[viewer.at.row].digest} ${viewer.data.columns[viewer.at.column - 1].key}`
  if (viewer.wanted === wanted) return
  viewer.wanted = wanted
  viewer.trigger("apart", { digest: viewer.rows[viewer.at.row].digest, key: viewer.data.columns[viewer.at.column - 1].key })
}

/** @param {Viewer} viewer @param {HTMLElement} section @param {TakenParts} parts */
function showParts(viewer, section, parts) {
  const column = viewer.data.columns[viewer.at.column - 1], { cells } = column
  const { channels, whole } = viewer.remember(`parts ${parts.digest} ${parts.key} ${parts.map}`, () => ({
    channels: parts.channels.map(({ channel, weight, map }) => ({ channel, weight, map: floats(map) })), whole: floats(parts.map),
  }))
  const cell = cellOf(viewer, whole)
  const { parts: strongest, rest, value } = strongestParts(channels, whole, cell, SHOWN)
  const most = Math.max(...channels.map((/** @type {{ map: Float32Array }} */ one) => extent(one.map)[1]))
  const tiles = strongest.map(({ channel, activation, product }) => {
    const tile = element("figure", "tile", `<canvas></canvas><figcaption>channel ${channel.channel}<br>${two(activation)} × ${two(channel.weight)}<br><b>= ${plus(product)}</b></figcaption>`)
    cellsAlone(tile.querySelector("canvas"), channel.map, [0, most], viewer.luts.viridis)
    return tile
  })
  const row = Math.floor(cell / cells), across = cell % cells
  section.querySelector(".channels").replaceChildren(...tiles)
  section.querySelector(".cell-words").innerHTML = `<b>Row ${row + 1}, column ${across + 1}</b>: ${two(value - rest)} from these ${strongest.length} channels ${rest < 0 ? "−" : "+"} ${two(Math.abs(rest))} from the other ${parts.count - strongest.length} = <b data-sum="cell">${two(value)}</b>. Activation × weight:`
  const { explained, against, probability } = viewer.rows[viewer.at.row].panels[viewer.at.column - 1]
  const name = against ? `logit of “${escape(explained)}” less that of “${escape(against)}”` : `logit of “${escape(explained)}” (${Math.round(100 * probability)} %)`
  section.querySelector(".whole-words").innerHTML = `<b>All ${cells * cells} cells</b>: mean <span data-sum="mean">${three(meanOf(whole))}</span> ${parts.bias < 0 ? "−" : "+"} bias <span data-sum="bias">${three(Math.abs(parts.bias))}</span> = <b data-sum="logit">${three(parts.logit)}</b>, the ${name}.`
  const box = boxOf(placeOf(viewer, viewer.at.column), cell), wide = parts.field >= column.resolution
  section.querySelector(".field-words").textContent = `Framed: where the cell was measured to look. Through its convolutions it can reach ${parts.field} × ${parts.field} pixels, ` +
    `${wide ? `more than the ${column.resolution} × ${column.resolution} of the photograph` : `of the photograph’s ${column.resolution} × ${column.resolution}`}.`
  if (viewer.placement() !== "registered") section.querySelector(".field-words").textContent += " Framed as drawn now: not at the measured place."
  frame(viewer, box)
}

/** @param {Viewer} viewer @param {{ left: number, top: number, right: number, bottom: number }} box in units of the image's width */
function frame(viewer, { left, top, right, bottom }) {
  const zoom = viewer.zoom(viewer.at.row)
  const sides = { left: left - zoom.left, top: top - zoom.top, width: right - left, height: bottom - top }
  for (const [side, share] of Object.entries(sides)) viewer.stage.querySelector(".mark").style[side] = `${100 * share * zoom.scale}%`
}

// Two decimals, so that the numbers shown add up; three where two would show only zeros.
/** @param {number} value */
function two(value) {
  return value.toFixed(value && Math.abs(value) < 0.005 ? 3 : 2).replace("-", "−")
}

/** @param {number} value */
function three(value) {
  return value.toFixed(3).replace("-", "−")
}

/** @param {number} value */
function plus(value) {
  return `${value < 0 ? "" : "+"}${two(value)}`
}
