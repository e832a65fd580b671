// The figure: rows of photographs, a panel for the original and one for every variant, drawn from raw maps.
// Opacity, colours, scale, zoom, cross-hair, contour, swipe and difference are display choices, made without the server.

import { isDark } from "../shared/page.js"
import { isNear } from "./elements.js"
import { build, loadPictures } from "./figure.js"
import { askedForFile } from "./files.js"
import { press } from "./keys.js"
import { listenToStage } from "./large.js"
import { draw, paintNow } from "./painting.js"
import { DEFAULTS, State, accepted } from "./state.js"
import { listenToTools } from "./tools.js"

const DOWNLOADS = ".st-key-downloads" // of ui/pages/compare/downloads.py
const viewers = new WeakMap()

/** @param {Component<ViewerData>} component */
export default function (component) {
  const { parentElement } = component
  if (!viewers.has(parentElement)) viewers.set(parentElement, new Viewer(parentElement))
  const viewer = viewers.get(parentElement)
  viewer.show(component.data, component.setTriggerValue, component.setStateValue)
  return () => {
    viewer.stop()
    viewers.delete(parentElement)
  }
}

/** @param {EventTarget | null} target */
function isOfDownloads(target) {
  return target instanceof Element && Boolean(target.closest(DOWNLOADS))
}

export class Viewer extends State {
  /** @type {ReturnType<typeof setTimeout> | undefined} */ quiet
  /** @type {(name: string, value: unknown) => void} */ trigger
  /** @type {((name: string, value: unknown) => void) | undefined} */ keep
  told = "" // of the display choices that the server knows
  turn = Date.now() // number of what was told last; no other viewer of this page has it
  /** @type {MutationObserver | undefined} waits for the button of a file that was asked for */ coming
  /** @type {Element[]} rows that wait until they are scrolled into view */ waiting = []
  /** @type {TakenParts | null | undefined} the map that the server took apart */ apart
  takenApart = false
  /** @type {{ x: number, y: number } | undefined} point whose cell is taken apart, in units of the image's width */ spot
  wanted = "" // the map that the server was last asked to take apart
  frame = 0
  scene = 0

  /** @param {HTMLElement} parent */
  constructor(parent) {
    super()
    /** @type {HTMLElement} */
    this.root = parent.querySelector(".viewer")
    /** @type {HTMLDialogElement} */
    this.stage = this.root.querySelector(".stage")
    listenToTools(this)
    listenToStage(this)
    this.onkey = (/** @type {KeyboardEvent} */ event) => press(this, event)
    document.addEventListener("keydown", this.onkey)
    this.ondownload = (/** @type {MouseEvent} */ event) => {
      if (isOfDownloads(event.target)) this.tell()
      askedForFile(this, event)
    }
    document.addEventListener("click", this.ondownload, { capture: true })
    this.onscroll = () => this.waiting.some(isNear) && draw(this)
    document.addEventListener("scroll", this.onscroll, { capture: true, passive: true })
    this.resized = new ResizeObserver(() => draw(this))
    this.resized.observe(this.root)
    this.density = matchMedia(`(resolution: ${devicePixelRatio}dppx)`)
    this.density.onchange = () => draw(this)
  }

  stop() {
    document.removeEventListener("keydown", this.onkey)
    document.removeEventListener("click", this.ondownload, { capture: true })
    document.removeEventListener("scroll", this.onscroll, { capture: true })
    this.resized.disconnect()
    this.coming?.disconnect()
    cancelAnimationFrame(this.frame)
  }

  /** @param {ViewerData} data @param {Component<ViewerData>["setTriggerValue"]} trigger @param {Component<ViewerData>["setStateValue"]} [keep] */
  show(data, trigger, keep) {
    this.trigger = trigger
    this.keep = keep
    this.apart = data.apart
    const begins = !this.data && !sessionStorage.getItem("look") // on a page that was written with a look of its own
    if (data.scene ? data.scene !== this.scene : begins && data.look) this.look = { ...DEFAULTS, ...accepted(data.look) }
    this.scene = data.scene
    this.root.classList.toggle("lecture", data.lecture)
    this.root.style.colorScheme = isDark(getComputedStyle(this.root).getPropertyValue("--st-background-color")) ? "dark" : "light"
    if (!this.take(data)) return draw(this)
    build(this)
    loadPictures(this)
    paintNow(this)
  }

  // The server draws the files of the figure: it hears of the display choices when a visitor turns to them, not before.
  tell() {
    const shown = { look: this.look, display: this.display() }, text = JSON.stringify(shown)
    if (text !== this.told) this.keep?.("shown", { ...shown, turn: ++this.turn })
    this.told = text
  }

  /** @param {number} row @param {number} column @returns {HTMLElement | null} */
  panel(row, column) {
    return this.root.querySelector(`.panel[data-row="${row}"][data-column="${column}"]`)
  }
}
