// Files of the figure, which the server draws: as the figure is seen when a visitor asks for one.

const BUTTON = "[class*=st-key-download-]" // of ui/pages/compare/downloads.py; the name ends in the turn that it draws

// A button that draws an earlier turn is not pressed: the server hears of the look, and the button that it sends is pressed instead,
// unless the visitor has closed the buttons by then.
/** @param {Viewer} viewer @param {MouseEvent} event */
export function askedForFile(viewer, event) {
  const asked = event.target instanceof Element && event.target.closest(BUTTON)
  if (!asked) return
  viewer.tell()
  const name = [...asked.classList].find((one) => one.startsWith("st-key-download-"))
  const current = `.${name.replace(/\d+$/, String(viewer.turn))}`
  if (asked.matches(current)) return
  event.preventDefault()
  event.stopPropagation()
  viewer.coming?.disconnect()
  viewer.coming = new MutationObserver((_, coming) => {
    const button = document.querySelector(`${current} button`)
    if (button || !document.querySelector(BUTTON)) coming.disconnect()
    button?.click()
  })
  viewer.coming.observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["class"] })
}
