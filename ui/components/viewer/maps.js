// From raw maps to grids, colours and contours: arrays in, arrays out.

import { clamp } from "../shared/words.js"

export const GRID = 256 // a map is drawn on a grid of this many places, each way

/** @param {string} base64 */
export function bytes(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
}

/** @param {string} base64 */
export function floats(base64) {
  return new Float32Array(bytes(base64).buffer)
}

/** @param {Float32Array} values @param {{ cells: number }[]} columns */
export function cut(values, columns) {
  let start = 0
  return columns.map(({ cells }) => values.subarray(start, (start += cells * cells)))
}

/** @param {ArrayLike<number> & Iterable<number>} values @returns {[number, number]} */
export function extent(values) {
  let low = Infinity, high = -Infinity
  for (const value of values) {
    if (value < low) low = value
    if (value > high) high = value
  }
  return [low, high]
}

// For every place of the grid along one axis: the cells on either side and the share of the second. Linear between the
// places the cells look at, constant beyond the outermost ones; as cam.maps.closed_forms.interpolation_weights.
/** @param {number[]} places @param {number} resolution @param {boolean} nearest @returns {Axis} */
export function axis(places, resolution, nearest) {
  const count = places.length
  const before = new Int32Array(GRID), share = new Float32Array(GRID)
  for (let index = 0; index < GRID; index++) {
    const pixel = ((index + 0.5) * resolution) / GRID - 0.5
    let cell = 0
    while (cell < count - 2 && places[cell + 1] <= pixel) cell++
    const part = count > 1 ? clamp((pixel - places[cell]) / (places[cell + 1] - places[cell]), 0, 1) : 0
    before[index] = cell
    share[index] = nearest ? Math.round(part) : part
  }
  return { before, share, count }
}

// Columns and rows of a map: where strides and paddings say that its cells look ("nominal"), with the measured offset
// ("registered"), or spread evenly ("half-pixel"); as cam.maps.closed_forms.resample.
/** @param {Place} place @param {string} placement @param {boolean} nearest @returns {Axes} */
export function axes({ centres, offset, resolution, cells }, placement, nearest) {
  /** @param {number} _ @param {number} cell */
  const even = (_, cell) => ((cell + 0.5) * resolution) / cells - 0.5
  /** @param {number} pixels */
  const by = (pixels) => centres.map(placement === "half-pixel" ? even : (place) => place + pixels)
  const [right, down] = placement === "registered" ? offset : [0, 0]
  return { columns: axis(by(right), resolution, nearest), rows: axis(by(down), resolution, nearest) }
}

/** @param {ArrayLike<number>} map @param {Axes} axes */
export function resample(map, { columns, rows }) {
  const { before, share, count } = columns
  const wide = new Float32Array(count * GRID), grid = new Float32Array(GRID * GRID)
  const next = count > 1 ? 1 : 0
  for (let row = 0; row < count; row++) {
    for (let x = 0; x < GRID; x++) {
      const place = row * count + before[x]
      wide[row * GRID + x] = map[place] * (1 - share[x]) + map[place + next] * share[x]
    }
  }
  for (let y = 0; y < GRID; y++) {
    const above = rows.before[y] * GRID, below = above + next * GRID, part = rows.share[y]
    for (let x = 0; x < GRID; x++) grid[y * GRID + x] = wide[above + x] * (1 - part) + wide[below + x] * part
  }
  return grid
}

/** @param {ArrayLike<number>} values @param {number} low @param {number} high */
export function levelled(values, low, high) {
  const levels = new Uint8Array(values.length)
  const scale = 255 / (high - low)
  for (let place = 0; place < values.length; place++) levels[place] = clamp((values[place] - low) * scale + 0.5, 0, 255)
  return levels
}

// 256 colours with their share of the overlay, opacity * v * (2 - v), as cam.figures.colours.overlay; little-endian RGBA.
/** @param {Uint8Array} rgb @param {number} opacity @param {"signed" | "opaque" | "positive"} kind */
export function lut(rgb, opacity, kind) {
  return Uint32Array.from({ length: 256 }, (_, level) => {
    const value = kind === "signed" ? Math.abs(level - 127.5) / 127.5 : level / 255
    const share = kind === "opaque" ? 1 : opacity * value * (2 - value)
    return (rgb[3 * level] | (rgb[3 * level + 1] << 8) | (rgb[3 * level + 2] << 16) | (Math.round(255 * share) << 24)) >>> 0
  })
}

// Marching squares on every second place of the grid: a path in widths of the image.
/** @param {Float32Array} values @param {number} threshold */
export function isoline(values, threshold) {
  const path = new Path2D(), step = 2
  /** @param {number} x @param {number} y */
  const at = (x, y) => values[y * GRID + x] - threshold
  /** @param {number} index */
  const place = (index) => (index + 0.5) / GRID
  for (let y = 0; y + step < GRID; y += step) {
    for (let x = 0; x + step < GRID; x += step) {
      const corners = [at(x, y), at(x + step, y), at(x + step, y + step), at(x, y + step)]
      if (corners.every((value) => value > 0) || corners.every((value) => value <= 0)) continue
      const spots = [[x, y], [x + step, y], [x + step, y + step], [x, y + step]]
      /** @type {Pair[]} */
      const cuts = []
      for (let side = 0; side < 4; side++) {
        const [a, b] = [corners[side], corners[(side + 1) % 4]]
        if (a > 0 === b > 0) continue
        const share = a / (a - b), from = spots[side], to = spots[(side + 1) % 4]
        cuts.push([place(from[0] + share * (to[0] - from[0])), place(from[1] + share * (to[1] - from[1]))])
      }
      for (let pair = 0; pair + 1 < cuts.length; pair += 2) {
        path.moveTo(...cuts[pair])
        path.lineTo(...cuts[pair + 1])
      }
    }
  }
  return path
}
