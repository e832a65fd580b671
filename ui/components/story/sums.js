// Sums over channels and over cells of a map.

import { clamp } from "../shared/words.js"

// A cell as a sum: each channel's activation there times its weight, and the contribution of all other channels.
/** @param {{ weight: number, map: ArrayLike<number> }[]} channels @param {ArrayLike<number>} rest @param {number} cell @returns {CellSum} */
export function cellSum(channels, rest, cell) {
  const parts = channels.map(({ weight, map }) => ({ activation: map[cell], weight, product: map[cell] * weight }))
  return { parts, rest: rest[cell], value: parts.reduce((sum, { product }) => sum + product, rest[cell]) }
}

/** A cell of a whole map as a sum: the channels that count most there, and the contribution of all others. @template {{ weight: number, map: ArrayLike<number> }} Channel @param {Channel[]} channels @param {ArrayLike<number>} whole @param {number} cell @param {number} count */
export function strongestParts(channels, whole, cell, count) {
  const products = channels.map((channel) => ({ channel, activation: channel.map[cell], product: channel.map[cell] * channel.weight }))
  const parts = products.sort((one, other) => Math.abs(other.product) - Math.abs(one.product)).slice(0, count)
  return { parts, value: whole[cell], rest: parts.reduce((rest, { product }) => rest - product, whole[cell]) }
}

/** The sum of the first ``count`` channels at every cell. @param {{ weight: number, map: ArrayLike<number> }[]} channels @param {number} count @param {number} cells */
export function partialMap(channels, count, cells) {
  const sum = new Float32Array(cells)
  for (const { weight, map } of channels.slice(0, count)) {
    for (let cell = 0; cell < cells; cell++) sum[cell] += weight * map[cell]
  }
  return sum
}

/** @param {ArrayLike<number>} map */
export function meanOf(map) {
  return Array.from(map).reduce((sum, value) => sum + value, 0) / map.length
}

// The cell that looks nearest to a point; x and y are in units of the image's width.
/** @param {Place} place @param {number} x @param {number} y */
export function cellAt({ centres, offset, resolution, cells }, x, y) {
  /** @param {number} share @param {number} shift */
  const nearest = (share, shift) => {
    const stride = cells > 1 ? centres[1] - centres[0] : resolution
    return clamp(Math.round((share * resolution - 0.5 - shift - centres[0]) / stride), 0, cells - 1)
  }
  return nearest(y, offset[1]) * cells + nearest(x, offset[0])
}

// The part of the image that is drawn in a cell's colour: left, top, right and bottom, in units of the image's width.
/** @param {Place} place @param {number} cell */
export function boxOf({ centres, offset, resolution, cells }, cell) {
  const half = (cells > 1 ? centres[1] - centres[0] : resolution) / 2
  /** @param {number} index @param {number} shift */
  const ends = (index, shift) => {
    const middle = centres[index] + shift + 0.5
    const first = index === 0 ? 0 : clamp((middle - half) / resolution, 0, 1)
    return [first, index === cells - 1 ? 1 : clamp((middle + half) / resolution, 0, 1)]
  }
  const [left, right] = ends(cell % cells, offset[0]), [top, bottom] = ends(Math.floor(cell / cells), offset[1])
  return { left, top, right, bottom }
}
