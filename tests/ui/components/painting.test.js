// The viewer's panels against Python's, of every display choice: NUMBERS names the file (tests/ui/components/test_painting.py).

import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import test from "node:test"

import { GRID, bytes } from "../../../ui/components/viewer/maps.js"

// What the modules take from a browser: a canvas that keeps the pixels put into it, and paths that keep their segments.
class Path {
  segments = []
  from = []
  moveTo(...place) {
    this.from = place
  }
  lineTo(...place) {
    this.segments.push([this.from, place])
  }
}

function canvas() {
  const made = { image: null, getContext: () => ({ putImageData: (image) => (made.image = image) }) }
  return made
}

Object.assign(globalThis, {
  location: { search: "" },
  sessionStorage: { getItem: () => null, setItem: () => {} },
  document: { createElement: canvas },
  ImageData: function (data) {
    return { data }
  },
  Path2D: Path,
})

const { DEFAULTS, State } = await import("../../../ui/components/viewer/state.js")
const { data, photograph, painted } = JSON.parse(readFileSync(process.env.NUMBERS ?? "", "utf8"))
const picture = bytes(photograph)

function shown(look) {
  const state = new State()
  state.look = { ...DEFAULTS, ...look }
  state.take({ ...data, whole: "" })
  return state
}

// The panel as a canvas would hold it: the overlay over the photograph.
function panel(state, column) {
  const [low, high] = state.limits(0, column)
  if (!(low < high)) return picture
  const overlay = state.overlay(0, column).image.data, pixels = new Float64Array(picture.length)
  for (let place = 0; place < GRID * GRID; place++) {
    const share = overlay[4 * place + 3] / 255
    for (let channel = 0; channel < 3; channel++) {
      pixels[3 * place + channel] = (1 - share) * picture[3 * place + channel] + share * overlay[4 * place + channel]
    }
  }
  return pixels
}

function furthest(found, expected) {
  assert.equal(found.length, expected.length)
  return found.reduce((most, value, place) => Math.max(most, Math.abs(value - expected[place])), 0)
}

for (const { name, look, display, panels, lines, limits } of painted) {
  test(`${name}: the server is told what is shown`, () => {
    const told = shown(look).display()
    assert.deepEqual({ ...told, difference: told.difference ?? "" }, { difference: "", ...display })
  })

  test(`${name}: limits and pixels are Python's`, () => {
    const state = shown(look)
    for (const column of data.columns.keys()) {
      const [low, high] = state.limits(0, column), most = Math.abs(high) || 1
      assert.ok(furthest([low / most, high / most], limits[column].map((limit) => limit / most)) < 1e-5, `${[low, high]} ${limits[column]}`)
      const found = panel(state, column), expected = bytes(panels[column])
      const far = found.filter((level, place) => Math.abs(level - expected[place]) > 2).length / found.length
      assert.ok(far < 1e-4 && furthest(found, expected) <= 5, `column ${column}: ${far}`) // a half may round either way, to the next colour
    }
  })

  test(`${name}: contours are Python's`, () => {
    const state = shown(look)
    for (const column of data.columns.keys()) {
      const segments = state.contour(0, column)?.["segments"] ?? []
      assert.equal(segments.length > 0, lines[column].length > 0)
      const places = lines[column].flat()
      for (const [x, y] of segments.flat()) {
        const near = Math.min(...places.map(([left, top]) => Math.hypot(left - x, top - y)))
        assert.ok(near < 2.5 / GRID, `${near * GRID} places of the grid`)
      }
    }
  })
}
