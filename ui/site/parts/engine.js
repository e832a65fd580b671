// The worker in which the networks run, so that the page stays responsive: decoding, resampling, fetching, forward passes.

import { fetched, keptForLater } from "./download.js"
import { pictureOf, pixelsOf, shownSide } from "./photograph.js"
import { planes, viewOf } from "./resampling.js"

/** @type {any} ONNX Runtime */
let ort
/** @type {EngineSetting} */
let setting
/** @type {Map<string, any>} sessions, by the networks' keys */
const sessions = new Map()
/** @type {{ id: string, pixels: Pixels } | null} the photograph opened last; others are decoded again when they are needed */
let held = null
/** @type {Map<string, Blob>} */
const files = new Map()
let before = Promise.resolve() // tasks run one after the other, because two forward passes at once would only wait for each other

/** @type {Record<string, (words: any) => Promise<any>>} */
const TASKS = { start, load, open, look, glance, forget }

self.onmessage = ({ data: { call, task, words } }) => {
  const done = task === "load" ? TASKS[task](words) : (before = before.then(() => TASKS[task](words).catch((error) => ({ error }))))
  Promise.resolve(done).then(
    (result) => result?.error ? refuse(call, result.error) : self.postMessage({ call, result }, { transfer: transferable(result) }),
    (error) => refuse(call, error),
  )
}

/** @param {number} call @param {unknown} error */
function refuse(call, error) {
  self.postMessage({ call, failed: error instanceof Error ? error.message : String(error) })
}

/** @param {any} result */
function transferable(result) {
  return Object.values(result ?? {}).filter((value) => value instanceof Float32Array).map((value) => value.buffer)
}

/** @param {EngineSetting} asked @returns {Promise<{ threads: number }>} */
async function start(asked) {
  setting = asked
  ort = await import(asked.files[0])
  ort.env.wasm.wasmPaths = asked.folder
  ort.env.wasm.numThreads = asked.threads
  ort.env.logLevel = "error"
  return { threads: asked.threads }
}

/** @param {NetworkFile} file @returns {Promise<void>} */
async function load(file) {
  if (sessions.has(file.key)) return
  const bytes = await fetched(file, (received) => self.postMessage({ progress: { key: file.key, received } }))
  self.postMessage({ progress: { key: file.key, received: file.bytes } })
  const made = before.then(() => sessionOf(bytes))
  before = made.then(() => {}, () => {})
  sessions.set(file.key, await made)
  keptForLater(setting.files)
}

/** A session on the graphics card where one can run the graph, else on the processor. @param {Uint8Array} graph @returns {Promise<any>} */
async function sessionOf(graph) {
  try {
    const executionProviders = setting.webgpu ? ["webgpu", "wasm"] : ["wasm"]
    return await ort.InferenceSession.create(graph, { executionProviders, freeDimensionOverrides: { N: 1 } })
  } catch (error) {
    if (!setting.webgpu) throw error
    setting.webgpu = false
    self.postMessage({ processor: true })
    return sessionOf(graph)
  }
}

/** @param {{ id: string, file: Blob, views: View[] }} photograph @returns {Promise<{ pictures: Record<string, Blob> }>} */
async function open({ id, file, views }) {
  files.set(id, file)
  const pixels = await pixelsFor(id)
  /** @type {Record<string, Blob>} */
  const pictures = {}
  for (const view of views) pictures[view] = await pictureOf(viewOf(pixels, view, shownSide(pixels)))
  return { pictures }
}

/** @param {string} id @returns {Promise<Pixels>} */
async function pixelsFor(id) {
  const file = files.get(id)
  if (!file) throw new Error("This photograph was removed")
  if (held?.id !== id) held = { id, pixels: await pixelsOf(file) }
  return held.pixels
}

/** @param {{ id: string, key: string, view: View, side: number }} question */
async function look({ id, key, view, side }) {
  return forward(key, planes(viewOf(await pixelsFor(id), view, side)), side)
}

/** A frame of the camera, square. @param {{ frame: ImageBitmap, networks: { key: string, side: number }[] }} question */
async function glance({ frame, networks }) {
  const pixels = await pixelsOf(frame), answers = []
  for (const { key, side } of networks) answers.push(await forward(key, planes(viewOf(pixels, "square", side)), side))
  return { answers }
}

/** @param {string} key @param {Float32Array} values @param {number} side */
async function forward(key, values, side) {
  const given = new ort.Tensor("float32", values, [1, 3, side, side])
  const { logits, maps } = await sessions.get(key).run({ pixels: given }, ["logits", "maps"])
  const answer = { logits: Float32Array.from(logits.data), maps: Float32Array.from(maps.data) }
  for (const one of [logits, maps]) one.dispose()
  return answer
}

/** @param {{ id: string }} photograph @returns {Promise<void>} */
async function forget({ id }) {
  files.delete(id)
  if (held?.id === id) held = null
}
