// A network's file: fetched once, with progress, resumed where it broke off, and never used before its hash is checked.

const KEPT = "compound-cam-networks" // name of a cache in the browser, from which the service worker answers too
const ATTEMPTS = 4
const PAUSE = 800 // milliseconds

/** @type {Map<string, Uint8Array[]>} the received parts of files whose download broke off, by their address */
const begun = new Map()

/** @param {NetworkFile} file @param {(received: number) => void} progress @param {number} [pause] milliseconds before another attempt @returns {Promise<Uint8Array<ArrayBuffer>>} */
export async function fetched(file, progress, pause = PAUSE) {
  const kept = await keptFile(file)
  if (kept) return kept
  const bytes = joined(await received(file, progress, pause))
  if (!(await isRight(bytes, file))) {
    begun.delete(file.url)
    throw new Error(`${file.label} came damaged: its hash is another than this site's. Try again`)
  }
  begun.delete(file.url)
  await keep(file, bytes)
  return bytes
}

/** Whether a file is in the browser's cache. @param {NetworkFile} file */
export async function isKept({ url }) {
  return Boolean("caches" in globalThis && (await (await caches.open(KEPT)).match(url)))
}

/** @param {NetworkFile} file */
async function keptFile(file) {
  if (!("caches" in globalThis)) return null
  const cache = await caches.open(KEPT), answer = await cache.match(file.url)
  if (!answer) return null
  const bytes = new Uint8Array(await answer.arrayBuffer())
  if (await isRight(bytes, file)) return bytes
  await cache.delete(file.url)
  return null
}

/** @param {NetworkFile} file @param {Uint8Array<ArrayBuffer>} bytes */
async function keep({ url }, bytes) {
  try {
    const headers = { "Content-Type": "application/octet-stream", "Content-Length": String(bytes.length) }
    if ("caches" in globalThis) await (await caches.open(KEPT)).put(url, new Response(bytes, { headers }))
  } catch {
    // There is no space on this device: the network still runs, and is fetched again next time.
  }
}

/** Cache files that the page fetched itself; the browser still has them. @param {string[]} addresses */
export async function keptForLater(addresses) {
  try {
    const cache = await caches.open(KEPT)
    for (const address of addresses) if (!(await cache.match(address))) await cache.add(address)
  } catch {
    // There is no space, or no cache because there is no https: then the page needs its server next time.
  }
}

/** @param {NetworkFile} file @param {(received: number) => void} progress @param {number} pause */
async function received(file, progress, pause) {
  const chunks = begun.get(file.url) ?? []
  begun.set(file.url, chunks)
  for (let attempt = 1; length(chunks) < file.bytes; attempt++) {
    try {
      await more(file, chunks, progress)
      if (length(chunks) < file.bytes) throw new Error("the connection was cut")
    } catch (error) {
      if (attempt === ATTEMPTS) throw brokenOff(file, chunks, error)
      await new Promise((resolve) => setTimeout(resolve, attempt * pause))
    }
  }
  return chunks
}

/** Resume after the received part; a server without range requests starts again. @param {NetworkFile} file @param {Uint8Array[]} chunks @param {(received: number) => void} progress */
async function more({ url, bytes }, chunks, progress) {
  const start = length(chunks)
  const answer = await fetch(url, start ? { headers: { Range: `bytes=${start}-` }, cache: "no-store" } : {})
  if (!answer.ok || !answer.body) throw new Error(`the server answered ${answer.status}`)
  if (answer.status !== 206) chunks.length = 0
  let count = length(chunks)
  for (const reader = answer.body.getReader(); ;) {
    const { done, value } = await reader.read()
    if (done) return
    chunks.push(value)
    count += value.length
    if (count > bytes) throw new Error("more came than was asked for")
    progress(count)
  }
}

/** @param {NetworkFile} file @param {Uint8Array[]} chunks @param {unknown} error */
function brokenOff({ label, bytes }, chunks, error) {
  const words = error instanceof Error ? error.message : String(error)
  const there = `${megabytes(length(chunks))} of ${megabytes(bytes)} MB`
  return new Error(`${label} could not be fetched (${words}). ${there} are here; trying again goes on from there`)
}

/** Whether the bytes are the ones that the site was built with. @param {Uint8Array<ArrayBuffer>} bytes @param {NetworkFile} file */
async function isRight(bytes, file) {
  if (bytes.length !== file.bytes) return false
  if (!crypto.subtle) return true // without https browsers offer no hashes; the length has been checked
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("") === file.sha256
}

/** @param {Uint8Array[]} chunks */
function length(chunks) {
  return chunks.reduce((sum, chunk) => sum + chunk.length, 0)
}

/** @param {Uint8Array[]} chunks */
function joined(chunks) {
  const bytes = new Uint8Array(length(chunks))
  let start = 0
  for (const chunk of chunks) {
    bytes.set(chunk, start)
    start += chunk.length
  }
  return bytes
}

/** @param {number} bytes */
export function megabytes(bytes) {
  return (bytes / 1e6).toFixed(1)
}
