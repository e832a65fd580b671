// The story's arithmetic: sums that add up, cells under the pointer, and luck.

import assert from "node:assert/strict"
import test from "node:test"

import { byLuck, shuffled } from "../../../ui/components/story/chance.js"
import { boxOf, cellAt, cellSum, meanOf, partialMap, strongestParts } from "../../../ui/components/story/sums.js"

const channels = [{ weight: 0.5, map: [1, 2, 3, 4] }, { weight: -2, map: [0, 1, 0, 1] }]
const place = { centres: [31, 63, 95, 127, 159, 191, 223], offset: [-15, -13], resolution: 224, cells: 7 }

test("a cell is its channels and the rest", () => {
  const { parts, rest, value } = cellSum(channels, [10, 20, 30, 40], 1)
  assert.deepEqual(parts.map(({ product }) => product), [1, -2])
  assert.deepEqual([rest, value], [20, 19])
})

test("a cell of a whole map is its strongest channels and the rest", () => {
  const { parts, rest, value } = strongestParts(channels, [10, 20, 30, 40], 1, 1)
  assert.deepEqual(parts.map(({ channel, activation, product }) => [channel.weight, activation, product]), [[-2, 1, -2]])
  assert.deepEqual([rest, value], [22, 20])
})

test("channels are added one by one", () => {
  assert.deepEqual([...partialMap(channels, 0, 4)], [0, 0, 0, 0])
  assert.deepEqual([...partialMap(channels, 1, 4)], [0.5, 1, 1.5, 2])
  assert.deepEqual([...partialMap(channels, 2, 4)], [0.5, -1, 1.5, 0])
  assert.equal(meanOf([1, 2, 6]), 3)
})

test("the cell under the pointer is the one in whose box it lies, and the boxes cover the image once", () => {
  let area = 0
  for (let cell = 0; cell < 49; cell++) {
    const { left, top, right, bottom } = boxOf(place, cell)
    area += (right - left) * (bottom - top)
    for (const [u, v] of [[0.02, 0.02], [0.5, 0.5], [0.98, 0.98]]) {
      assert.equal(cellAt(place, left + u * (right - left), top + v * (bottom - top)), cell)
    }
  }
  assert.ok(Math.abs(area - 1) < 1e-9)
})

test("luck: the tail of the binomial distribution", () => {
  assert.equal(byLuck(0, 10, 5), 1)
  assert.ok(Math.abs(byLuck(10, 10, 5) - 0.2 ** 10) < 1e-12)
  assert.ok(Math.abs(byLuck(5, 10, 5) - 0.0328) < 1e-4)
})

test("every order is as likely as any other", () => {
  const counts = new Map()
  for (let one = 0; one < 2; one++) {
    for (let two = 0; two < 3; two++) {
      const draws = [(two + 0.5) / 3, (one + 0.5) / 2]
      const order = shuffled(3, () => /** @type {number} */ (draws.shift())).join("")
      counts.set(order, (counts.get(order) ?? 0) + 1)
    }
  }
  assert.equal(counts.size, 6)
})
