// Keyboard shortcuts, and the panel that they act on.

import { clamp } from "../shared/words.js"
import { moveCell, takeApart } from "./apart.js"
import { openStage, paintStage, swiped } from "./large.js"
import { point, zoomBy } from "./pointing.js"
import { change } from "./tools.js"

/** @param {Viewer} viewer @param {KeyboardEvent} event */
export function press(viewer, event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !viewer.rows) return
  const target = /** @type {HTMLInputElement} */ (event.composedPath()[0])
  if (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && target.type !== "checkbox" && target.type !== "radio") return
  if (target.isContentEditable || (!viewer.root.contains(target) && document.querySelector("[role=dialog]"))) return
  const inside = viewer.root.contains(target) && target.closest(".panel, .stage")
  if (act(viewer, event, Boolean(inside) || viewer.stage.open)) event.preventDefault()
}

/** @param {Viewer} viewer @param {KeyboardEvent} event @param {boolean} inside */
export function act(viewer, { key, shiftKey }, inside) {
  /** @type {Record<string, Pair>} */
  const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }
  if (key === "?") return viewer.root.querySelector(".help").showModal() ?? true
  if (key === "o" || key === "O") return change(viewer, { hidden: !viewer.look.hidden }) ?? true
  if (/^\d$/.test(key) && +key <= viewer.data.columns.length) return moveFocus(viewer, viewer.at.row, +key) ?? true
  if (key === "+" || key === "=") return zoomBy(viewer, viewer.at.row, 1.5) ?? true
  if (key === "-") return zoomBy(viewer, viewer.at.row, 1 / 1.5) ?? true
  if (!inside) return false
  if (moves[key] && shiftKey && viewer.stage.open && viewer.takenApart && viewer.at.column) return moveCell(viewer, ...moves[key]) ?? true
  if (moves[key] && shiftKey) return moveCross(viewer, ...moves[key]) ?? true
  if (moves[key]) return moveFocus(viewer, viewer.at.row + moves[key][0], viewer.at.column + moves[key][1]) ?? true
  if ((key === "Enter" || key === " ") && !viewer.stage.open) return openStage(viewer, viewer.at.row, viewer.at.column) ?? true
  if ((key === "s" || key === "S") && viewer.stage.open) return swiped(viewer, { on: !viewer.swipe.on }) ?? true
  if ((key === "t" || key === "T") && viewer.stage.open && viewer.at.column) return takeApart(viewer) ?? true
  return false
}

/** @param {Viewer} viewer @param {number} row @param {number} column @param {boolean} [focus] */
export function moveFocus(viewer, row, column, focus = true) {
  row = clamp(row, 0, viewer.rows.length - 1)
  column = clamp(column, 0, viewer.data.columns.length)
  viewer.at = { row, column }
  for (const panel of viewer.root.querySelectorAll(".rows .panel")) {
    panel.tabIndex = +panel.dataset.row === row && +panel.dataset.column === column ? 0 : -1
  }
  if (viewer.stage.open) paintStage(viewer)
  else if (focus) viewer.panel(row, column)?.focus()
}

/** @param {Viewer} viewer @param {number} down @param {number} right */
export function moveCross(viewer, down, right) {
  const { row } = viewer.at
  const { u = 0.5, v = 0.5 } = viewer.pointed?.row === row ? viewer.pointed : {}
  point(viewer, row, clamp(u + right / 28, 0, 1), clamp(v + down / 28, 0, 1))
}
