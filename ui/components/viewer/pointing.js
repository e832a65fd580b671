// What the pointer does in a row: cross-hair, zoom and pan.

import { clamp } from "../shared/words.js"
import { within } from "./elements.js"
import { moveFocus } from "./keys.js"
import { openStage, readStage } from "./large.js"
import { draw } from "./painting.js"

/** @param {Viewer} viewer @param {number} row @param {number} factor @param {number} [u] @param {number} [v] */
export function zoomBy(viewer, row, factor, u = 0.5, v = 0.5) {
  const zoom = viewer.zoom(row)
  const scale = Math.min(16, Math.max(1, zoom.scale * factor))
  const [x, y] = [zoom.left + u / zoom.scale, zoom.top + v / zoom.scale]
  moveTo(viewer, row, { scale, left: x - u / scale, top: y - v / scale })
}

/** @param {Viewer} viewer @param {number} row @param {Zoom} zoom */
export function moveTo(viewer, row, { scale, left, top }) {
  const most = 1 - 1 / scale
  viewer.zooms.set(viewer.rows[row].digest, { scale, left: clamp(left, 0, most), top: clamp(top, 0, most) })
  viewer.root.querySelectorAll(".row")[row].classList.toggle("zoomed", scale > 1)
  draw(viewer)
}

/** @param {Viewer} viewer @param {number} row @param {number} right @param {number} down */
export function pan(viewer, row, right, down) {
  const zoom = viewer.zoom(row)
  moveTo(viewer, row, { ...zoom, left: zoom.left - right / zoom.scale, top: zoom.top - down / zoom.scale })
}

/** @param {Viewer} viewer @param {number} row @param {number} u @param {number} v */
export function point(viewer, row, u, v) {
  const node = viewer.root.querySelectorAll(".row")[row]
  const zoom = viewer.zoom(row)
  viewer.pointed = { row, x: zoom.left + u / zoom.scale, y: zoom.top + v / zoom.scale, u, v }
  node.classList.add("pointing")
  node.style.setProperty("--u", `${u * 100}%`)
  node.style.setProperty("--v", `${v * 100}%`)
  node.querySelectorAll(".chip").forEach((/** @type {HTMLElement} */ chip, /** @type {number} */ column) => (chip.textContent = viewer.reading(row, column)))
  if (viewer.stage.open) readStage(viewer)
}

/** @param {Viewer} viewer @param {number} row */
export function unpoint(viewer, row) {
  viewer.root.querySelectorAll(".row")[row]?.classList.remove("pointing")
  viewer.stage.classList.remove("pointing")
}

/** @param {Viewer} viewer @param {HTMLElement} panel @param {number} row @param {number} column */
export function listenToPanel(viewer, panel, row, column) {
  const fingers = new Map()
  let dragged = 0
  panel.onpointermove = (event) => {
    const [u, v] = within(panel, event)
    const before = fingers.get(event.pointerId)
    if (before && fingers.size === 2) pinch(viewer, row, fingers, event.pointerId, [u, v])
    else if (before && viewer.zoom(row).scale > 1) {
      dragged += Math.hypot(u - before[0], v - before[1])
      pan(viewer, row, u - before[0], v - before[1])
    }
    if (before) fingers.set(event.pointerId, [u, v])
    point(viewer, row, clamp(u, 0, 1), clamp(v, 0, 1))
  }
  panel.onpointerdown = (event) => {
    dragged = 0
    fingers.set(event.pointerId, within(panel, event))
    if (viewer.zoom(row).scale > 1) panel.setPointerCapture(event.pointerId)
  }
  panel.onpointerup = panel.onpointercancel = (event) => fingers.delete(event.pointerId)
  panel.onpointerleave = (event) => {
    fingers.delete(event.pointerId)
    unpoint(viewer, row)
  }
  panel.onfocus = () => moveFocus(viewer, row, column, false)
  panel.onclick = () => dragged < 0.02 && openStage(viewer, row, column)
  panel.addEventListener("wheel", (event) => wheel(viewer, event, panel, row), { passive: false })
}

/** @param {Viewer} viewer @param {number} row @param {Map<number, Pair>} fingers @param {number} moved @param {Pair} to */
export function pinch(viewer, row, fingers, moved, to) {
  const [still] = [...fingers].filter(([id]) => id !== moved).map(([, place]) => place)
  const from = fingers.get(moved) ?? to
  const factor = Math.hypot(to[0] - still[0], to[1] - still[1]) / (Math.hypot(from[0] - still[0], from[1] - still[1]) || 1)
  zoomBy(viewer, row, factor, (to[0] + still[0]) / 2, (to[1] + still[1]) / 2)
}

/** @param {Viewer} viewer @param {WheelEvent} event @param {HTMLElement} panel @param {number} row */
export function wheel(viewer, event, panel, row) {
  if (!event.ctrlKey && !event.metaKey) return
  event.preventDefault()
  zoomBy(viewer, row, Math.exp(-event.deltaY / 200), ...within(panel, event))
}
