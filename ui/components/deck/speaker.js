// The speaker's view: this scene and the next one, notes, clock.

import { element } from "../shared/page.js"
import { buildScene } from "./scene.js"

export class SpeakerView {
  number = 0
  begun = 0
  /** @type {BuiltScene | undefined} */ scene
  /** @type {BuiltScene | undefined} */ following

  /** @param {HTMLElement} root @param {DeckData} data @param {(move: number) => void} step */
  constructor(root, data, step) {
    this.data = data
    root.classList.add("speaking")
    this.root = root
    root.innerHTML = `<div class="now"><h2>Now <span></span></h2><div class="preview"></div></div>
      <div class="next"><h2>Next</h2><div class="preview"></div>
        <div class="clock"><b class="time"></b><b class="elapsed"></b><button type="button" name="restart">Start the clock again</button></div></div>
      <div class="notes"><h2>Notes</h2><p></p></div>
      <nav><button type="button" name="back">← Back</button><button type="button" name="onward">Next →</button>
        <a target="_blank" name="handout">Handout, to print</a><span class="warning"></span></nav>`
    root.querySelector("[name=back]").onclick = () => step(-1)
    root.querySelector("[name=onward]").onclick = () => step(1)
    root.querySelector("[name=handout]").href = data.handout
    root.querySelector(".warning").textContent = data.onlyHere ? `Phones cannot open ${data.server}: see “Serving a room” in the guide.` : ""
    root.querySelector("[name=restart]").onclick = () => this.restart()
    this.restart()
    this.timer = setInterval(() => this.tick(), 500)
  }

  restart() {
    this.begun = Date.now()
    this.tick()
  }

  tick() {
    const seconds = Math.floor((Date.now() - this.begun) / 1000)
    this.root.querySelector(".time").textContent = new Date().toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" })
    this.root.querySelector(".elapsed").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`
  }

  /** @param {number} number @param {number} build */
  show(number, build) {
    if (this.number !== number) {
      this.number = number
      this.scene = buildScene(this.data, number)
      this.root.querySelector(".now .preview").replaceChildren(this.scene.node)
      this.root.querySelector(".notes p").textContent = this.data.scenes[number - 1].notes || "No notes."
      this.following = number < this.data.scenes.length ? buildScene(this.data, number + 1) : undefined
      this.following?.show(0, true)
      this.root.querySelector(".next .preview").replaceChildren(this.following?.node ?? element("p", "end", "The end."))
    }
    this.scene?.show(build, true)
    this.root.querySelector(".now h2 span").textContent = `${number} / ${this.data.scenes.length}${this.scene?.last ? `, step ${build + 1} of ${this.scene.last + 1}` : ""}`
  }

  /** @param {number[][]} votes */
  count(votes) {
    this.scene?.count(votes)
  }

  stop() {
    clearInterval(this.timer)
  }
}
