// The deck: which scene is shown, and which of its builds. The address holds both; keys and the other window change them.
// Stepping between composed scenes needs no request to the server.

import { MOVES, joinHall } from "../shared/hall.js"
import { element, isDark } from "../shared/page.js"
import { showHandout } from "./handout.js"
import { buildScene } from "./scene.js"
import { SpeakerView } from "./speaker.js"

const LAST = 999 // build of a scene that is entered from the one after it
const decks = new WeakMap()

/** @param {Component<DeckData>} component */
export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".deck")
  root.style.colorScheme = isDark(getComputedStyle(root).getPropertyValue("--st-background-color")) ? "dark" : "light"
  if (!decks.has(root)) decks.set(root, data.view === "handout" ? handout(root, data) : new Deck(root, data))
  decks.get(root).ask = setStateValue
  decks.get(root).tellServer?.()
  return () => {
    decks.get(root)?.stop()
    decks.delete(root)
  }
}

/** @param {HTMLElement} root @param {DeckData} data */
function handout(root, data) {
  showHandout(root, data)
  return { stop() {} }
}

class Deck {
  /** @type {BuiltScene | undefined} */ scene
  /** @type {SpeakerView | undefined} */ speaker
  /** @type {((name: string, value: unknown) => void) | undefined} */ ask
  number = 0
  build = 0
  told = "null"

  /** @param {HTMLElement} root @param {DeckData} data */
  constructor(root, data) {
    this.root = root
    this.data = data
    this.ended = new AbortController()
    const { signal } = this.ended
    document.addEventListener("keydown", (event) => this.press(event), { signal, capture: true })
    addEventListener("popstate", () => this.read(), { signal })
    addEventListener("hall-votes", (event) => this.count(/** @type {CustomEvent} */ (event).detail), { signal })
    this.hall = joinHall(data.hall, (message) => this.hear(message))
    if (data.view === "speaker") this.speaker = new SpeakerView(root, data, (move) => this.step(move))
    else this.dress()
    this.read()
    if (this.speaker) this.hall.tell({ asking: true })
    else this.tell()
  }

  stop() {
    this.ended.abort()
    this.hall.leave()
    this.speaker?.stop()
  }

  // The parts around the scenes on the hall's screen.
  dress() {
    const bar = element("nav", "bar", `<button type="button" name="back" aria-label="Back">←</button><button type="button" name="onward" aria-label="On">→</button>`)
    bar.querySelector("[name=back]").onclick = () => this.step(-1)
    bar.querySelector("[name=onward]").onclick = () => this.step(1)
    this.place = element("div", "shown")
    this.large = element("div", "large-code")
    this.large.hidden = true
    this.large.onclick = () => this.enlarge(false)
    this.root.append(this.place, bar, this.large)
  }

  // Show the scene and build that the address names.
  read() {
    const asked = new URLSearchParams(location.search)
    if (asked.get("mode") !== this.data.view) return
    const number = Math.min(Math.max(1, Number(asked.get("scene")) || 1), this.data.scenes.length)
    this.show(number, Number(asked.get("build")) || 0)
  }

  /** @param {number} number @param {number} build */
  show(number, build) {
    if (this.speaker) {
      this.number = number
      this.build = Math.min(build, buildScene(this.data, number).last)
      return this.speaker.show(number, this.build)
    }
    const same = number === this.number && this.scene
    if (!same) {
      this.number = number
      this.scene = buildScene(this.data, number)
      this.place?.replaceChildren(this.scene.node)
      this.enlarge(false)
    }
    const scene = /** @type {BuiltScene} */ (this.scene)
    const back = same && build < this.build
    this.build = Math.min(build, scene.last)
    scene.show(this.build, Boolean(back) || matchMedia("(prefers-reduced-motion: reduce)").matches)
    this.votes && scene.count(this.votes)
    for (const [name, ends] of /** @type {[string, boolean][]} */ ([["back", number === 1 && !this.build], ["onward", number === this.data.scenes.length && this.build === scene.last]])) {
      this.root.querySelector(`.bar [name=${name}]`).disabled = ends
    }
    this.tellServer()
  }

  /** @param {number} move */
  step(move) {
    const { scenes } = this.data
    const last = this.speaker ? (this.speaker.scene?.last ?? 0) : (this.scene?.last ?? 0)
    const build = this.build + move
    if (build >= 0 && build <= last) this.go(this.number, build)
    else if (this.number + move >= 1 && this.number + move <= scenes.length) this.go(this.number + move, move > 0 ? 0 : LAST)
  }

  /** @param {number} number @param {number} build */
  go(number, build, quiet = false) {
    const { link, show } = this.data.scenes[number - 1]
    if (this.speaker) this.show(number, build)
    else if (!show) {
      history.pushState(null, "", link)
      dispatchEvent(new PopStateEvent("popstate"))
    } else {
      const other = number !== this.number
      this.show(number, build)
      history[other ? "pushState" : "replaceState"](null, "", this.build ? `${link}&build=${this.build}` : link)
    }
    if (!quiet) this.tell()
  }

  tell() {
    this.hall.tell({ scene: this.number, build: this.build })
  }

  /** @param {HallMessage} message */
  hear({ asking, scene, build, votes }) {
    if (asking && !this.speaker) this.tell()
    if (votes) this.count(votes, true)
    if (scene && (scene !== this.number || (build ?? 0) !== this.build)) this.go(scene, build ?? 0, true)
  }

  // Tell the server which question the hall is asked, so that phones show it.
  tellServer() {
    const asks = this.scene?.asks(this.build) ?? null
    if (this.speaker || !this.ask || JSON.stringify(asks) === this.told) return
    this.told = JSON.stringify(asks)
    this.ask("guess", asks)
  }

  /** @param {number[][]} votes */
  count(votes, heard = false) {
    this.votes = votes
    this.scene?.count(votes)
    this.speaker?.count(votes)
    if (!heard && !this.speaker) this.hall.tell({ votes })
  }

  /** @param {boolean} on */
  enlarge(on) {
    if (!this.large) return
    const { code, shared } = this.data.scenes[this.number - 1]
    this.large.innerHTML = on ? `<img alt=""><p></p>` : ""
    this.large.hidden = !on
    if (!on) return
    this.large.querySelector("img").src = code
    this.large.querySelector("p").textContent = shared.replace(/^\w+:\/\//, "") + (this.data.onlyHere ? " (on this computer only)" : "")
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return
    const place = /** @type {Element} */ (event.composedPath()[0])
    if (event.key === " " && place.matches?.("button, a")) return
    const move = MOVES[event.key]
    /** @type {Record<string, () => void>} */
    const others = {
      q: () => this.enlarge(Boolean(this.large?.hidden)), Escape: () => this.enlarge(false), s: () => open(this.data.speaker, "speaker", "width=1200,height=760"),
      p: () => open(this.data.handout, "_blank"), f: () => this.fill(), l: () => this.live(), b: () => this.root.classList.toggle("black"),
      Home: () => this.go(1, 0), End: () => this.go(this.data.scenes.length, 0),
    }
    const act = move ? () => this.step(move) : others[event.key]
    if (!act) return
    event.preventDefault()
    event.stopPropagation()
    act()
  }

  fill() {
    if (document.fullscreenElement) document.exitFullscreen()
    else document.documentElement.requestFullscreen()
  }

  // The page of the app that the scene was composed from.
  live() {
    const { live } = this.data.scenes[this.number - 1]
    if (!live || this.speaker) return
    history.pushState(null, "", live)
    dispatchEvent(new PopStateEvent("popstate"))
  }
}
