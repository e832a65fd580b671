// Maps as colours, over a photograph or alone.

import { contextOf, paintLevels } from "../shared/page.js"
import { axes, extent, levelled, lut, resample } from "../viewer/maps.js"

const SHARPNESS = 640 // pixels of a photograph's canvas

/** @param {string} url @returns {Promise<HTMLImageElement>} */
export function photograph(url) {
  return new Promise((resolve, reject) => {
    const image = new Image()
    image.onload = () => resolve(image)
    image.onerror = () => reject(new Error("a photograph of the story cannot be read"))
    image.src = url
  })
}

// A raw map as the app shows it: from 0 to its largest value, or to ``high``, with each cell where it really looks.
/** @param {ArrayLike<number> & Iterable<number>} map @param {Place} place @param {Uint8Array} rgb @param {{ blocks?: boolean, high?: number, signed?: boolean }} [how] ``signed``: from minus the largest value to the largest */
export function heat(map, place, rgb, { blocks = false, signed = false, high = signed ? Math.max(...extent(map).map(Math.abs)) : extent(map)[1] } = {}) {
  const canvas = document.createElement("canvas")
  const values = resample(map, axes(place, "registered", blocks))
  paintLevels(canvas, levelled(values, signed ? -high : 0, Math.max(high, 1e-6)), lut(rgb, 0.7, signed ? "signed" : "positive"))
  return canvas
}

/** @param {HTMLCanvasElement} canvas @param {HTMLImageElement | HTMLCanvasElement} image @param {HTMLCanvasElement} [over] @param {boolean} [blocks] */
export function lay(canvas, image, over, blocks = false) {
  if (canvas.width !== SHARPNESS) canvas.width = canvas.height = SHARPNESS
  const context = contextOf(canvas)
  context.imageSmoothingEnabled = true
  context.imageSmoothingQuality = "high"
  context.drawImage(image, 0, 0, SHARPNESS, SHARPNESS)
  context.imageSmoothingEnabled = !blocks
  if (over) context.drawImage(over, 0, 0, SHARPNESS, SHARPNESS)
}

// Feature maps and the like, a pixel for each cell.
/** @param {HTMLCanvasElement} canvas @param {ArrayLike<number>} map @param {[number, number]} limits @param {Uint8Array} rgb */
export function cellsAlone(canvas, map, [low, high], rgb) {
  paintLevels(canvas, levelled(map, low, high), lut(rgb, 1, "opaque"))
}
