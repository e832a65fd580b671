// One photograph, large, and the divider between two panels of it.

import { clamp, percent } from "../shared/words.js"
import { chooseCell, paintApart, takeApart } from "./apart.js"
import { within } from "./elements.js"
import { moveFocus } from "./keys.js"
import { bar, paint } from "./painting.js"
import { pan, point, unpoint, wheel } from "./pointing.js"

/** @param {Viewer} viewer */
export function listenToStage(viewer) {
  const { stage } = viewer
  const panel = stage.querySelector(".panel")
  /** @param {string} name */
  const named = (name) => stage.querySelector(`[name=${name}]`)
  named("close").onclick = () => stage.close()
  named("one").onchange = (/** @type {any} */ event) => moveFocus(viewer, viewer.at.row, +event.target.value)
  named("other").onchange = (/** @type {any} */ event) => swiped(viewer, { other: +event.target.value })
  named("swipe").onchange = (/** @type {any} */ event) => swiped(viewer, { on: event.target.checked })
  named("divide").oninput = (/** @type {any} */ event) => swiped(viewer, { divide: +event.target.value })
  named("apart").onclick = () => takeApart(viewer)
  let dragged = 0
  panel.onpointermove = (/** @type {PointerEvent} */ event) => {
    const [u, v] = within(panel, event)
    if (event.buttons) dragged += Math.hypot(event.movementX, event.movementY)
    if (event.buttons && viewer.swipe.on) swiped(viewer, { divide: clamp(u, 0, 1) })
    else if (event.buttons) pan(viewer, viewer.at.row, event.movementX / panel.clientWidth, event.movementY / panel.clientHeight)
    point(viewer, viewer.at.row, clamp(u, 0, 1), clamp(v, 0, 1))
  }
  panel.onpointerdown = (/** @type {PointerEvent} */ event) => {
    dragged = 0
    panel.setPointerCapture(event.pointerId)
  }
  panel.onclick = (/** @type {PointerEvent} */ event) => {
    if (dragged > 4 || viewer.swipe.on) return
    if (!viewer.takenApart) takeApart(viewer, true)
    const [u, v] = within(panel, event), zoom = viewer.zoom(viewer.at.row)
    chooseCell(viewer, zoom.left + u / zoom.scale, zoom.top + v / zoom.scale)
  }
  panel.onpointerleave = () => unpoint(viewer, viewer.at.row)
  panel.addEventListener("wheel", (/** @type {WheelEvent} */ event) => wheel(viewer, event, panel, viewer.at.row), { passive: false })
  stage.onclick = (event) => event.target === stage && stage.close()
  stage.onclose = () => viewer.panel(viewer.at.row, viewer.at.column)?.focus()
}

/** @param {Viewer} viewer @param {number} [row] @param {number} [column] */
export function openStage(viewer, row = viewer.at.row, column = viewer.at.column) {
  const labels = ["The photograph", ...viewer.data.columns.map(({ label }) => label)]
  for (const name of ["one", "other"]) {
    viewer.stage.querySelector(`[name=${name}]`).replaceChildren(...labels.map((label, place) => new Option(label, String(place))))
  }
  viewer.at = { row, column }
  if (!viewer.stage.open) {
    viewer.stage.showModal()
    viewer.stage.querySelector(".panel").focus()
  }
  viewer.swipe.other = Math.min(viewer.swipe.other, viewer.data.columns.length)
  paintStage(viewer)
}

/** @param {Viewer} viewer @param {Partial<Swipe>} what */
export function swiped(viewer, what) {
  Object.assign(viewer.swipe, what)
  paintStage(viewer)
}

/** @param {Viewer} viewer */
export function paintStage(viewer) {
  const { stage, swipe } = viewer
  const { row, column } = viewer.at
  const canvas = stage.querySelector("canvas")
  stage.classList.toggle("swiping", swipe.on)
  stage.querySelector(".title").textContent = viewer.rows[row].name.replaceAll("-", " ")
  stage.querySelector("[name=one]").value = column
  stage.querySelector("[name=other]").value = swipe.other
  stage.querySelector("[name=swipe]").checked = swipe.on
  stage.querySelector("[name=divide]").value = swipe.divide
  stage.style.setProperty("--divide", `${swipe.divide * 100}%`)
  paint(viewer, canvas, row, column)
  if (swipe.on) paint(viewer, canvas, row, swipe.other, [Math.max(1e-6, swipe.divide), 1])
  canvas.setAttribute("aria-label", viewer.words(row, column))
  stage.querySelector(".scale").replaceChildren(...(column ? bar(viewer, row, column - 1) : []))
  readStage(viewer)
  paintApart(viewer)
}

/** @param {Viewer} viewer */
export function readStage(viewer) {
  const { row, column } = viewer.at
  const shown = viewer.swipe.on ? [column, viewer.swipe.other] : [column]
  /** @param {number} one */
  const label = (one) => (one ? viewer.data.columns[one - 1].label : "The photograph")
  const facts = shown.map((one) => {
    const { top, topProbability, waiting } = viewer.rows[row].panels[Math.max(0, one - 1)]
    const guess = one ? `: ${waiting || `${top} ${percent(topProbability)}`}` : ""
    const value = viewer.pointed?.row === row && one ? `, here ${viewer.reading(row, one)}` : ""
    return label(one) + guess + value
  })
  const { u = 0.5, v = 0.5 } = viewer.pointed ?? {}
  viewer.stage.classList.toggle("pointing", viewer.pointed?.row === row)
  viewer.stage.style.setProperty("--u", `${u * 100}%`)
  viewer.stage.style.setProperty("--v", `${v * 100}%`)
  viewer.stage.querySelector(".reading").textContent = facts.join(" | ")
}
