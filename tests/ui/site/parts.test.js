// What the site computes itself, against numbers that Python wrote: NUMBERS names the file (tests/ui/site/test_parts.py).

import assert from "node:assert/strict"
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import test from "node:test"

import { fitsNone, packed, sharedClass, softmax, whole } from "../../../ui/site/parts/answers.js"
import { fetched } from "../../../ui/site/parts/download.js"
import { cost, roundChannels } from "../../../ui/site/parts/costs.js"
import { planes, viewBox, viewOf } from "../../../ui/site/parts/resampling.js"
import { bytes, floats } from "../../../ui/components/viewer/maps.js"

const numbers = JSON.parse(readFileSync(process.env.NUMBERS ?? "", "utf8"))

for (const { name, width, height, rgb, view, side, seen } of numbers.views) {
  test(`${name} (${width} x ${height}), ${view} at ${side}, is Pillow's byte for byte`, () => {
    const given = bytes(rgb), data = new Uint8ClampedArray(4 * width * height).fill(255)
    for (let place = 0; place < width * height; place++) data.set(given.subarray(3 * place, 3 * place + 3), 4 * place)
    const found = viewOf({ data, width, height }, view, side), expected = bytes(seen)
    assert.equal(found.length, expected.length)
    assert.equal(found.findIndex((value, place) => value !== expected[place]), -1)
  })
}

test("the box of a view is Python's", () => {
  for (const { width, height, view, box } of numbers.boxes) {
    assert.deepEqual(Object.values(viewBox(width, height, view)), box)
  }
})

test("a graph takes in red, green and blue in planes between 0 and 1", () => {
  const values = planes(new Uint8ClampedArray([255, 0, 51, 0, 102, 0]))
  assert.deepEqual([...values], [1, 0, 0, 102 / 255, 51 / 255, 0].map(Math.fround))
})

test("the class that most networks see is Python's, ties as well", () => {
  for (const { logits, shared, probabilities, outside } of numbers.answers) {
    const values = logits.map(floats), answers = values.map((one) => whole(one, new Float32Array(one.length)))
    assert.equal(sharedClass(answers), shared)
    const first = softmax(values[0]), expected = floats(probabilities)
    assert.ok(first.every((value, place) => Math.abs(value - expected[place]) < 1e-6))
    assert.equal(fitsNone(Object.fromEntries(answers.map((one, place) => [`network ${place}`, one])), numbers.scales), outside)
  }
})

test("a class's map is its own part of all maps", () => {
  const maps = Float32Array.from({ length: 12 }, (_, place) => place)
  assert.deepEqual([.../** @type {Float32Array} */ (whole(new Float32Array([0, 1, 2]), maps).map(1))], [4, 5, 6, 7])
  assert.deepEqual([...floats(packed(maps.subarray(4, 8)))], [4, 5, 6, 7])
})

for (const { depth, width, pixels, params, macs, grid, layers, channels } of numbers.costs) {
  test(`d ${depth}, w ${width}, ${pixels} px costs what Python counts`, () => {
    const found = cost(numbers.family, depth, width, pixels)
    assert.deepEqual([found.params, found.macs, found.grid, found.layers, found.channels], [params, macs, grid, layers, channels])
  })
}

test("channels are rounded as Python rounds them", () => {
  for (const [channels, rounded] of numbers.rounded) assert.equal(roundChannels(channels), rounded)
})

const content = Uint8Array.from({ length: 1000 }, (_, place) => place % 251)
const file = {
  key: "one", label: "Baseline", url: "https://here/one.onnx", bytes: content.length, side: 224,
  sha256: createHash("sha256").update(content).digest("hex"),
}

/** A server that cuts every answer after so many bytes. @param {number} most @param {{ ranges?: boolean, damaged?: boolean }} how */
function server(most, { ranges = true, damaged = false } = {}) {
  /** @type {(string | undefined)[]} */
  const asked = []
  globalThis.fetch = /** @type {any} */ (async (/** @type {string} */ _, /** @type {any} */ { headers = {} } = {}) => {
    asked.push(headers.Range)
    const start = ranges && headers.Range ? Number(headers.Range.match(/\d+/)[0]) : 0
    const part = content.slice(start, start + most).map((value) => (damaged ? value ^ 1 : value))
    return new Response(new ReadableStream({
      pull(stream) {
        stream.enqueue(part)
        if (start + most < content.length) stream.error(new Error("cut"))
        else stream.close()
      },
    }, { highWaterMark: 0 }), { status: start ? 206 : 200 })
  })
  return asked
}

test("an interrupted download goes on where it broke off", async () => {
  const asked = server(400), seen = []
  assert.deepEqual(await fetched({ ...file, url: "a" }, (received) => seen.push(received), 0), content)
  assert.deepEqual(asked, [undefined, "bytes=400-", "bytes=800-"])
  assert.deepEqual(seen, [400, 800, 1000])
})

test("a server that knows no ranges begins again, and giving up says how much is here", async () => {
  const asked = server(400, { ranges: false })
  await assert.rejects(fetched({ ...file, url: "b" }, () => {}, 0), /Baseline could not be fetched.*0\.0 of 0\.0 MB are here/)
  assert.equal(asked.length, 4)
  server(1000)
  assert.deepEqual(await fetched({ ...file, url: "b" }, () => {}, 0), content)
})

test("a damaged network is never handed out", async () => {
  server(1000, { damaged: true })
  await assert.rejects(fetched({ ...file, url: "c" }, () => {}, 0), /came damaged/)
  server(1000)
  assert.deepEqual(await fetched({ ...file, url: "c" }, () => {}, 0), content)
})
