// Pieces of a page.

/** @template {keyof HTMLElementTagNameMap} Tag @param {Tag} tag @param {string} className */
export function element(tag, className, html = "") {
  const node = document.createElement(tag)
  node.className = className
  node.innerHTML = html
  return node
}

/** @param {HTMLCanvasElement} canvas */
export function contextOf(canvas) {
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"))
}

/** Whether a colour is darker than middle grey. @param {string} colour #rrggbb */
export function isDark(colour) {
  const [red, green, blue] = colour.trim().slice(1).match(/../g)?.map((digits) => parseInt(digits, 16)) ?? [255, 255, 255]
  return 0.3 * red + 0.59 * green + 0.11 * blue < 128
}
