// The figure as pixels: photographs, maps over them, contours and bars of colour.

import { contextOf, element } from "../shared/page.js"
import { number } from "../shared/words.js"
import { isNear, part } from "./elements.js"
import { paintStage } from "./large.js"
import { updateTools } from "./tools.js"

/** @param {Viewer} viewer */
export function draw(viewer) {
  cancelAnimationFrame(viewer.frame)
  viewer.frame = requestAnimationFrame(() => paintNow(viewer))
}

// Rows far outside the window wait until they are scrolled into view.
/** @param {Viewer} viewer */
export function paintNow(viewer) {
  if (!viewer.rows) return
  updateTools(viewer)
  const nodes = [...viewer.root.querySelectorAll(".row")]
  viewer.waiting = nodes.filter((node) => !isNear(node))
  nodes.forEach((node, row) => viewer.waiting.includes(node) || paintRow(viewer, node, row))
  if (viewer.stage.open) paintStage(viewer)
  viewer.root.dataset.drawn = String(Number(viewer.root.dataset.drawn ?? 0) + 1)
}

/** @param {Viewer} viewer @param {HTMLElement} node @param {number} row */
export function paintRow(viewer, node, row) {
  for (const canvas of node.querySelectorAll("canvas")) paint(viewer, canvas, row, +canvas.parentElement.dataset.column)
  paintScales(viewer, node, row)
}

// The photograph as a row shows it, scaled once for all panels.
/** @param {Viewer} viewer @param {number} row @param {number} side */
export function scaledPhotograph(viewer, row, side) {
  const picture = viewer.pictures.get(viewer.rows[row].picture)
  if (!picture?.complete) return null
  const zoom = viewer.zoom(row)
  const kept = viewer.remember(`photograph ${row} ${side}`, () => Object.assign(document.createElement("canvas"), { width: side, height: side }))
  if (kept.zoom !== zoom || kept.picture !== picture) {
    const context = contextOf(kept)
    context.imageSmoothingQuality = "high"
    part(context, picture, zoom, side)
    Object.assign(kept, { zoom, picture })
  }
  return kept
}

/** @param {Viewer} viewer @param {HTMLCanvasElement} canvas @param {number} row @param {number} column @param {Pair} [clip] */
export function paint(viewer, canvas, row, column, clip = [0, 1]) {
  const side = Math.round(canvas.clientWidth * devicePixelRatio)
  if (!side) return
  if (clip[0] === 0 && (canvas.width !== side || canvas.height !== side)) canvas.width = canvas.height = side
  const context = contextOf(canvas)
  const zoom = viewer.zoom(row)
  context.save()
  context.beginPath()
  context.rect(clip[0] * side, 0, (clip[1] - clip[0]) * side, side)
  context.clip()
  if (clip[0] === 0) context.clearRect(0, 0, side, side)
  const photograph = scaledPhotograph(viewer, row, side)
  if (photograph) context.drawImage(photograph, 0, 0)
  if (column) paintMap(viewer, context, row, column - 1, zoom, side)
  context.restore()
}

/** @param {Viewer} viewer @param {CanvasRenderingContext2D} context @param {number} row @param {number} column @param {Zoom} zoom @param {number} side */
export function paintMap(viewer, context, row, column, zoom, side) {
  const [low, high] = viewer.limits(row, column)
  if (!(low < high) || viewer.rows[row].panels[column].waiting) return
  context.imageSmoothingEnabled = !viewer.look.cells
  part(context, viewer.overlay(row, column), zoom, side)
  const path = viewer.contour(row, column)
  if (!path) return
  context.setTransform(side * zoom.scale, 0, 0, side * zoom.scale, -zoom.left * side * zoom.scale, -zoom.top * side * zoom.scale)
  for (const [colour, width] of /** @type {[string, number][]} */ ([["#000a", 3.4], ["#fff", 1.6]])) {
    context.strokeStyle = colour
    context.lineWidth = (width * devicePixelRatio) / (side * zoom.scale)
    context.stroke(path)
  }
}

/** @param {Viewer} viewer @param {HTMLElement} node @param {number} row */
export function paintScales(viewer, node, row) {
  const shared = viewer.look.scale === "row" && viewer.data.unit && !viewer.paper()
  node.querySelectorAll(".scale").forEach((scale, column) => {
    const wanted = shared ? column === 0 : column > 0
    scale.replaceChildren(...(wanted ? bar(viewer, row, Math.max(0, column - 1)) : []))
  })
}

/** @param {Viewer} viewer @param {number} row @param {number} column */
export function bar(viewer, row, column) {
  const [low, high] = viewer.limits(row, column)
  if (viewer.rows[row].panels[column].waiting) return []
  if (viewer.difference() && !(low < high)) return [element("span", "", "no difference")]
  const stops = viewer.lut()
  const ends = Array.from({ length: 17 }, (_, index) => {
    const colour = stops[Math.min(255, index * 16)]
    return `rgb(${colour & 255} ${(colour >> 8) & 255} ${(colour >> 16) & 255})`
  })
  const half = viewer.look.colours === "diverging" && !viewer.signed() && !viewer.paper()
  const colours = half ? ends.slice(8) : ends
  const strip = element("i", "strip")
  strip.style.background = `linear-gradient(to right, ${colours.join()})`
  const unit = viewer.data.unit ? ` ${viewer.data.unit}` : ""
  return [element("span", "", number(low)), strip, element("span", "", number(high) + unit)]
}
