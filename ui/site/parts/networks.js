// The networks as the page sees them: a worker that answers requests, and the state of each network's file.

import { isKept, megabytes } from "./download.js"

const MOST_THREADS = 4
const SMALL_MEMORY = 2 // gigabytes, as reported by browsers
const MEMORY = /alloc|out of memory|\boom\b|out of bounds/i // error messages of engines that ran out of memory

export class Networks extends EventTarget {
  /** @type {Worker | undefined} */ worker
  /** @type {Promise<unknown> | undefined} */ started
  generation = 1 // number of the worker: one that crashed is replaced by another
  calls = 0
  /** @type {Map<number, { resolve: (result: any) => void, reject: (error: Error) => void }>} */ waiting = new Map()
  /** @type {Record<string, NetworkState>} */ states = {}
  webgpu = false
  threads = 1
  isStarted = false

  /** @param {NetworkFile[]} files @param {RuntimeFiles} runtime */
  constructor(files, runtime) {
    super()
    this.files = files
    this.runtime = runtime
    for (const { key } of files) this.states[key] = { phase: "absent", received: 0, words: "" }
    for (const file of files) isKept(file).then((kept) => kept && this.states[file.key].phase === "absent" && this.set(file.key, { phase: "kept" }))
  }

  /** @param {string} key @returns {NetworkFile} */
  file(key) {
    return /** @type {NetworkFile} */ (this.files.find((one) => one.key === key))
  }

  /** Whether the visitor has asked for a network already. */
  anyWanted() {
    return Object.values(this.states).some(({ phase }) => phase === "ready" || phase === "loading")
  }

  /** Where the networks run, in words; "" before the first one was requested. */
  where() {
    if (!this.isStarted) return ""
    if (this.webgpu) return "They run on this device’s graphics card (WebGPU)."
    if (this.threads > 1) return `They run on this device’s processor (WebAssembly, ${this.threads} threads).`
    return "They run on one thread of this device’s processor; loading the page again may give them more."
  }

  /** Files of the networks, the smallest first, so that something is shown soon. */
  inOrder() {
    return [...this.files].sort((one, other) => one.bytes - other.bytes)
  }

  /** Load a network; a second call waits for the first. @param {string} key @returns {Promise<void>} */
  load(key) {
    const state = this.states[key]
    if (state.phase !== "loading" && state.phase !== "ready") {
      this.set(key, { phase: "loading", received: 0, words: "" })
      state.ready = this.fetched(key)
      state.ready.catch(() => {}) // callers that wait for it see the error; nothing else needs to
    }
    return /** @type {Promise<void>} */ (state.ready)
  }

  /** @param {string} key */
  async fetched(key) {
    const file = this.file(key)
    try {
      await this.ask("load", { ...file, url: new URL(file.url, document.baseURI).href })
      performance.mark(`loaded ${key}`)
      this.set(key, { phase: "ready" })
    } catch (error) {
      this.set(key, { phase: "failed", words: sentence(error) })
      if (MEMORY.test(String(error))) this.fail(error instanceof Error ? error : new Error(String(error))) // a worker that ran out of memory cannot go on
      throw error
    }
  }

  /** @param {string} task @param {object} words @param {Transferable[]} [transfer] @returns {Promise<any>} */
  async ask(task, words, transfer = []) {
    await (this.started ??= this.start().catch((error) => {
      this.fail(error)
      throw error
    }))
    return this.send(task, words, transfer)
  }

  async start() {
    this.worker = new Worker(new URL("./engine.js", import.meta.url), { type: "module" })
    this.worker.onmessage = ({ data }) => this.heard(data)
    this.worker.onerror = (event) => {
      event.preventDefault()
      this.fail(new Error(event.message || "the networks’ worker could not be started"))
    }
    this.webgpu = await hasWebGpu()
    this.threads = self.crossOriginIsolated ? Math.min(MOST_THREADS, navigator.hardwareConcurrency || 1) : 1
    const folder = new URL(this.runtime.folder, document.baseURI), files = this.runtime[this.webgpu ? "webgpu" : "wasm"].map((name) => new URL(name, folder).href)
    await this.send("start", { webgpu: this.webgpu, threads: this.threads, folder: folder.href, files })
    this.isStarted = true
    this.dispatchEvent(new Event("change"))
  }

  /** @param {string} task @param {object} words @param {Transferable[]} [transfer] @returns {Promise<any>} */
  send(task, words, transfer = []) {
    return new Promise((resolve, reject) => {
      const call = ++this.calls
      this.waiting.set(call, { resolve, reject })
      this.worker?.postMessage({ call, task, words }, transfer)
    })
  }

  /** @param {{ call?: number, result?: any, failed?: string, progress?: { key: string, received: number }, processor?: boolean }} message */
  heard({ call, result, failed, progress, processor }) {
    if (progress) return this.set(progress.key, { received: progress.received })
    if (processor) return void (this.webgpu = false)
    const asked = this.waiting.get(call ?? 0)
    this.waiting.delete(call ?? 0)
    if (failed === undefined) asked?.resolve(result)
    else asked?.reject(new Error(failed))
  }

  /** The worker has crashed: reject all waiting requests; the next request starts a new worker. @param {Error} error */
  fail(error) {
    for (const { reject } of this.waiting.values()) reject(error)
    this.waiting.clear()
    this.worker?.terminate()
    this.started = undefined
    this.generation++
    for (const { key } of this.files) if (this.states[key].phase === "ready") this.set(key, { phase: "kept" })
  }

  /** @param {string} key @param {Partial<NetworkState>} what */
  set(key, what) {
    Object.assign(this.states[key], what)
    this.dispatchEvent(new Event("change"))
  }

  /** The state of a network, in a few words. @param {string} key */
  words(key) {
    const { phase, received } = this.states[key], { bytes } = this.file(key)
    if (phase === "loading") return received < bytes ? `${megabytes(received)} of ${megabytes(bytes)} MB` : "starting …"
    return { absent: `${megabytes(bytes)} MB`, kept: `${megabytes(bytes)} MB, kept`, ready: "ready", failed: "not loaded" }[phase]
  }
}

/** Whether this device reports little memory: then the page does not fetch all five networks by itself. */
export function isSmall() {
  return (/** @type {any} */ (navigator).deviceMemory ?? Infinity) <= SMALL_MEMORY
}

async function hasWebGpu() {
  if (!("Suspending" in WebAssembly)) return false // the build for WebGPU needs it; the one that does not is a third larger
  try {
    const adapter = await /** @type {any} */ (navigator).gpu?.requestAdapter()
    return Boolean(adapter) && !(adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter) // a graphics card emulated by the processor is slow
  } catch {
    return false
  }
}

/** @param {unknown} error */
export function sentence(error) {
  const words = error instanceof Error ? error.message : String(error)
  if (MEMORY.test(words)) return "There is not enough memory here for this network. Close other pages, or show fewer networks."
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}${/[.!?]$/.test(words) ? "" : "."}`
}
