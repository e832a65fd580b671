// The service worker: caches the files of the site and answers requests from the cache; see offline.js.
// Each build writes it again and fills in the three lines below.

const VERSION = "/*version*/"
const FILES = ["/*files*/"]
const LATER = ["/*later*/"] // cached when the page requests them

const SITE = `compound-cam-${VERSION}`
const NETWORKS = "compound-cam-networks"
const ISOLATED = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp", "Cross-Origin-Resource-Policy": "same-origin" }
const worker = /** @type {any} */ (self)

worker.oninstall = (/** @type {any} */ event) => event.waitUntil(install())
worker.onactivate = (/** @type {any} */ event) => event.waitUntil(activate())
worker.onfetch = (/** @type {any} */ event) => {
  const { request } = event
  if (request.method === "GET" && new URL(request.url).origin === location.origin) event.respondWith(answer(request))
}

async function install() {
  const cache = await caches.open(SITE)
  await cache.addAll(FILES.map((file) => new Request(file, { cache: "no-cache" })))
  await worker.skipWaiting()
}

async function activate() {
  for (const name of await caches.keys()) if (name.startsWith("compound-cam-") && name !== SITE && name !== NETWORKS) await caches.delete(name)
  const networks = await caches.open(NETWORKS), known = LATER.map((file) => new URL(file, location.href).href)
  for (const { url } of await networks.keys()) if (!known.includes(url)) await networks.delete(url)
  await worker.clients.claim()
}

/** @param {Request} request */
async function answer(request) {
  const kept = request.headers.has("range") ? undefined : await caches.match(request, { ignoreSearch: true })
  return isolated(kept ?? (await fetch(request)))
}

/** @param {Response} response */
function isolated(response) {
  if (response.type === "opaque" || response.status === 0) return response
  const headers = new Headers(response.headers)
  for (const [name, value] of Object.entries(ISOLATED)) headers.set(name, value)
  const { status, statusText } = response
  return new Response([204, 304].includes(status) ? null : response.body, { status, statusText, headers })
}
