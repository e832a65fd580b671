// What a network sees of a photograph: Pillow's bicubic resampling, byte for byte, as models.images.view_image uses it.
// There are two passes, along rows and along columns, with weights in fixed point and bytes in between. Because these bytes are
// rounded, the order of the passes is Pillow's too.

const BITS = 22 // bits of the weights' fraction: 32 - 8 - 2
const HALF = 1 << (BITS - 1) // added for rounding
const SUPPORT = 2 // pixels that a bicubic kernel reaches on either side

/** Bicubic kernel with a = -0.5. @param {number} x */
function bicubic(x) {
  const size = Math.abs(x), a = -0.5
  if (size < 1) return ((a + 2) * size - (a + 3)) * size * size + 1
  return size < 2 ? (((size - 5) * size + 8) * size - 4) * a : 0
}

// For every output pixel along one axis: the first input pixel, the number of input pixels, and their weights times 2 ** 22.
/** @param {number} pixels of the input along the axis @param {number} from @param {number} to @param {number} side of the output @returns {Weights} */
export function weights(pixels, from, to, side) {
  const scale = (to - from) / side, stretch = Math.max(1, scale), support = SUPPORT * stretch
  const most = Math.ceil(support) * 2 + 1
  const first = new Int32Array(side), count = new Int32Array(side), values = new Int32Array(side * most)
  for (let place = 0; place < side; place++) {
    const centre = from + (place + 0.5) * scale
    const start = Math.max(0, Math.trunc(centre - support + 0.5))
    const length = Math.min(pixels, Math.trunc(centre + support + 0.5)) - start
    const exact = Array.from({ length }, (_, step) => bicubic((step + start - centre + 0.5) * (1 / stretch)))
    const sum = exact.reduce((total, value) => total + value, 0)
    exact.forEach((value, step) => {
      const share = (sum === 0 ? value : value / sum) * 2 ** BITS
      values[place * most + step] = Math.trunc(share < 0 ? share - 0.5 : share + 0.5)
    })
    first[place] = start
    count[place] = length
  }
  return { first, count, values, most }
}

/** The part of an image that a view shows, as models.images.view_box. @param {number} width @param {number} height @param {View} view */
export function viewBox(width, height, view) {
  if (view === "square") return { left: 0, top: 0, right: width, bottom: height }
  const side = Math.min(width, height)
  const left = Math.floor((width - side) / 2), top = Math.floor((height - side) / 2)
  return { left, top, right: left + side, bottom: top + side }
}

/** Bytes of RGB, row by row, (side, side, 3). @param {Pixels} image opaque RGBA @param {View} view @param {number} side */
export function viewOf({ data, width, height }, view, side) {
  const { left, top, right, bottom } = viewBox(width, height, view)
  const down = weights(height, top, bottom, side), across = weights(width, left, right, side)
  if (height > side && 2 * width < height + side) { // so much taller than wide that Pillow starts with the columns
    return alongRows(alongColumns(data, 4 * width, down, 0), width, side, across)
  }
  const start = down.first[0], end = down.first[side - 1] + down.count[side - 1]
  const narrow = alongRows(data.subarray(4 * width * start, 4 * width * end), width, end - start, across)
  return alongColumns(narrow, 3 * side, down, start)
}

/** Resample every row to its new width, as RGB. @param {Uint8ClampedArray | Uint8Array} data RGBA @param {number} width @param {number} rows @param {Weights} across */
function alongRows(data, width, rows, { first, count, values, most }) {
  const side = first.length, narrow = new Uint8ClampedArray(rows * side * 3)
  for (let row = 0, out = 0; row < rows; row++) {
    for (let column = 0; column < side; column++, out += 3) {
      let red = HALF, green = HALF, blue = HALF
      let at = 4 * (row * width + first[column])
      for (let step = column * most, end = step + count[column]; step < end; step++, at += 4) {
        const weight = values[step]
        red += data[at] * weight
        green += data[at + 1] * weight
        blue += data[at + 2] * weight
      }
      narrow[out] = red >> BITS
      narrow[out + 1] = green >> BITS
      narrow[out + 2] = blue >> BITS
    }
  }
  return narrow
}

/** Resample every column to its new height. @param {Uint8ClampedArray | Uint8Array} data @param {number} line values in a row of it @param {Weights} down @param {number} start the first row that it has */
function alongColumns(data, line, { first, count, values, most }, start) {
  const side = first.length, short = new Uint8ClampedArray(line * side), sums = new Int32Array(line)
  for (let row = 0; row < side; row++) {
    sums.fill(HALF)
    for (let step = 0; step < count[row]; step++) {
      const weight = values[row * most + step], from = (first[row] - start + step) * line
      for (let place = 0; place < line; place++) sums[place] += data[from + place] * weight
    }
    for (let place = 0; place < line; place++) short[row * line + place] = sums[place] >> BITS
  }
  return short
}

/** The input of a graph: RGB between 0 and 1, (3, side, side). @param {Uint8ClampedArray} seen bytes of RGB, row by row */
export function planes(seen) {
  const count = seen.length / 3, values = new Float32Array(seen.length)
  for (let place = 0; place < count; place++) {
    for (let channel = 0; channel < 3; channel++) values[channel * count + place] = seen[3 * place + channel] / 255
  }
  return values
}
