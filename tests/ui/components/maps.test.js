// Resampling, colours and packing against numbers that Python wrote: NUMBERS names the file (tests/ui/components/test_modules.py).

import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import test from "node:test"

import { GRID, axes, bytes, cut, extent, floats, levelled, lut, resample } from "../../../ui/components/viewer/maps.js"
import { accepted } from "../../../ui/components/viewer/state.js"
import { isDark } from "../../../ui/components/shared/page.js"
import { clamp, escape, number, percent } from "../../../ui/components/shared/words.js"

const numbers = JSON.parse(readFileSync(process.env.NUMBERS ?? "", "utf8"))

function furthest(found, expected) {
  assert.equal(found.length, expected.length)
  return found.reduce((most, value, place) => Math.max(most, Math.abs(value - expected[place])), 0)
}

for (const { name, column, placement, map, drawn } of numbers.drawn) {
  test(`a map drawn ${name} is Python's`, () => {
    const grid = resample(floats(map), axes(column, placement, false))
    assert.ok(furthest(grid, floats(drawn)) < 1e-5)
  })
}

test("without smoothing a place shows the value of one cell", () => {
  const { column, map } = numbers.drawn[0]
  const values = floats(map), shown = new Set(resample(values, axes(column, "nominal", true)))
  assert.deepEqual([...shown].sort(), [...new Set(values)].sort())
})

test("levels are Python's", () => {
  const { values, low, high, levels } = numbers.levels
  assert.deepEqual([...levelled(floats(values), low, high)], [...bytes(levels)])
})

for (const { name, rgb, opacity, shares } of numbers.colours) {
  test(`${name} has Python's colours and shares`, () => {
    const table = bytes(rgb)
    const found = lut(table, opacity, "positive")
    const channels = new Uint8Array(found.buffer)
    for (let level = 0; level < 256; level++) {
      assert.deepEqual([...channels.subarray(4 * level, 4 * level + 3)], [...table.subarray(3 * level, 3 * level + 3)])
    }
    const opacities = Array.from({ length: 256 }, (_, level) => channels[4 * level + 3])
    assert.ok(furthest(opacities, [...bytes(shares)]) <= 1) // float32 there, float64 here: a half may round either way
  })
}

test("maps of different sizes come apart as they were packed", () => {
  const { columns, packed, sums } = numbers.packing
  const maps = cut(floats(packed), columns)
  assert.deepEqual(maps.map((map) => map.length), columns.map(({ cells }) => cells * cells))
  assert.ok(furthest(maps.map((map) => map.reduce((sum, value) => sum + value, 0)), sums) < 1e-4)
})

test("a grid covers its map's extent", () => {
  assert.deepEqual(extent(new Float32Array([3, -2, 5, 0])), [-2, 5])
  assert.equal(GRID, 256)
})

test("words and numbers for people", () => {
  assert.deepEqual([0, 0.004, 0.5, 1].map(percent), ["0 %", "< 1 %", "50 %", "100 %"])
  assert.deepEqual([0, -3.14159, 12.34, 0.001].map(number), ["0", "−3.14", "12.3", "1.0e−3"])
  assert.equal(escape(`<b title="a">&`), "&lt;b title=&quot;a&quot;&gt;&amp;")
  assert.deepEqual([clamp(-1, 0, 1), clamp(0.5, 0, 1), clamp(2, 0, 1)], [0, 0.5, 1])
})

test("a page is dark below middle grey", () => {
  assert.deepEqual(["#0e1117", "#ffffff", " #7f7f7f", ""].map(isDark), [true, false, true, false])
})

test("a link keeps what it may choose and nothing else", () => {
  assert.deepEqual(accepted('{"placement":"nominal","contour":0.5,"cells":true}'), { placement: "nominal", contour: 0.5, cells: true })
  assert.deepEqual(accepted('{"placement":"nowhere","contour":7,"cells":"yes","other":true}'), {})
  assert.deepEqual(accepted('{"halfPixel":true}'), { placement: "half-pixel" })
  assert.deepEqual(accepted('{"halfPixel":false}'), {})
  assert.deepEqual(accepted("broken"), {})
  for (const value of ['"0.5"', '""', "true", "[0.5]", "null", "1e999", "-0.1", "{}"]) {
    assert.deepEqual(accepted(`{"opacity":${value},"contour":${value}}`), {}, value)
  }
  for (const value of ['"yes"', "1", "null", "[]"]) {
    assert.deepEqual(accepted(`{"cells":${value},"paper":${value},"theirs":${value},"signed":${value},"difference":${value}}`), {}, value)
  }
  assert.deepEqual(accepted('{"colours":["jet"],"scale":["map"],"placement":true}'), {})
  assert.deepEqual(Object.keys(accepted('{"toString":true,"constructor":true,"__proto__":true,"hidden":true,"paper":true}')), ["paper"])
  for (const text of ["[1]", "\"look\"", "7", "null"]) assert.deepEqual(accepted(text), {}, text)
  assert.deepEqual(accepted(null), {})
})
