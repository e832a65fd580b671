// Elements of the figure.

import { element } from "../shared/page.js"
import { escape } from "../shared/words.js"

/** @param {CanvasRenderingContext2D} context @param {HTMLImageElement | HTMLCanvasElement} source @param {Zoom} zoom @param {number} side */
export function part(context, source, { scale, left, top }, side) {
  const [width, height] = "naturalWidth" in source ? [source.naturalWidth, source.naturalHeight] : [source.width, source.height]
  context.drawImage(source, left * width, top * height, width / scale, height / scale, 0, 0, side, side)
}

const COEFFICIENTS = "d: times the baseline’s layers; w: times its channels; px: side of what the network sees"
const COST = "Weights, and multiply-adds (MACs) for one photograph"

/** @param {Column} column @param {number} digit */
export function head({ label, coefficients, cost, note, provenance, fingerprint }, digit) {
  const node = element("div", "head", `<b><kbd>${digit}</kbd>${escape(label)}</b><span title="${COEFFICIENTS}">${escape(coefficients)}</span><span title="${COST}">${escape(cost)}</span>`)
  node.append(element("span", "provenance", escape(provenance)))
  if (note) node.append(element("span", "note", escape(note)))
  node.title = `${provenance}${note ? ` (${note})` : ""}; sha256 ${fingerprint}…`
  return node
}

/** @param {Missing} missing */
export function missingHead({ label }) {
  return element("div", "head missing", `<b>${escape(label)}</b><span>not shown</span>`)
}

/** @param {Element} node */
export function isNear(node) {
  const { top, bottom } = node.getBoundingClientRect()
  return bottom > -300 && top < innerHeight + 300
}

/** @param {Element} panel @param {MouseEvent} event @returns {Pair} */
export function within(panel, event) {
  const box = panel.getBoundingClientRect()
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]
}
