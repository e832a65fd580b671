// Registers the service worker, which caches the site for use without a server and adds headers that browsers require for threads.

let touched = false
for (const kind of ["pointerdown", "keydown", "wheel", "touchstart"]) addEventListener(kind, () => (touched = true), { once: true, passive: true })

/** Called when the page is ready. A page that nobody has touched yet is loaded again, now with threads; any other stays as it is. */
export async function keepForLater() {
  if (!navigator.serviceWorker) return
  const before = navigator.serviceWorker.controller
  navigator.serviceWorker.oncontrollerchange = () => {
    if (!touched && (!before || self.crossOriginIsolated === false) && !sessionStorage.getItem("again")) {
      sessionStorage.setItem("again", "yes")
      location.reload()
    }
  }
  try {
    await navigator.serviceWorker.register("sw.js")
  } catch (error) {
    console.warn("the site cannot be kept for later", error)
  }
}
