// Helpers for elements of a page.

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

/** Paint a square of levels, each level in its colour (little-endian RGBA). @param {HTMLCanvasElement} canvas @param {Uint8Array} levels @param {Uint32Array} colours */
export function paintLevels(canvas, levels, colours) {
  const side = Math.round(Math.sqrt(levels.length))
  const pixels = new Uint32Array(levels.length)
  for (let place = 0; place < pixels.length; place++) pixels[place] = colours[levels[place]]
  if (canvas.width !== side) canvas.width = canvas.height = side
  contextOf(canvas).putImageData(new ImageData(new Uint8ClampedArray(pixels.buffer), side, side), 0, 0)
}

/** Whether a colour is darker than middle grey. @param {string} colour #rrggbb */
export function isDark(colour) {
  const [red, green, blue] = colour.trim().slice(1).match(/../g)?.map((digits) => parseInt(digits, 16)) ?? [255, 255, 255]
  return 0.3 * red + 0.59 * green + 0.11 * blue < 128
}
