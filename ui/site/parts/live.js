// The camera, live: the baseline and one other network see a few frames a second, and their maps are drawn.

import { contextOf, element } from "../../components/shared/page.js"
import { escape, percent } from "../../components/shared/words.js"
import { bytes } from "../../components/viewer/maps.js"
import { heat, lay } from "../../components/story/heat.js"
import { sharedClass, whole } from "./answers.js"
import { sentence } from "./networks.js"

const SIDE = 640 // pixels along a side of the square that networks and visitors see
const RATE = 0.8 // weight of the earlier rate of frames in its running mean

export class Live {
  running = false
  rate = 0
  other = "compound"
  /** @type {MediaStream | undefined} */ stream

  /** @param {import("./compare.js").Compare} compare */
  constructor(compare) {
    this.compare = compare
    this.panel = compare.page.querySelector(".live")
    this.video = document.createElement("video")
    this.video.playsInline = this.video.muted = true
    this.still = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE })
    this.inferno = bytes(compare.figure.viewer.colours.inferno)
    compare.page.querySelector("[name=camera]").onclick = () => (this.running ? this.stop() : this.start())
    this.panel.querySelector("[name=stop]").onclick = () => this.stop()
    this.panel.querySelector("[name=take]").onclick = () => this.take()
    this.listOthers()
  }

  listOthers() {
    const select = this.panel.querySelector("[name=with]"), others = this.compare.figure.networks.filter(({ key }) => key !== "baseline")
    select.replaceChildren(...others.map(({ key, label }) => new Option(label, key)))
    if (!others.some(({ key }) => key === this.other)) this.other = others[0]?.key ?? "baseline"
    select.value = this.other
    select.onchange = () => {
      this.other = select.value
      this.build()
    }
  }

  async start() {
    try {
      if (!navigator.mediaDevices) throw new Error("Browsers allow the camera only on pages with https or on this machine")
      this.stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } } })
    } catch (error) {
      const denied = error instanceof DOMException && error.name === "NotAllowedError"
      return this.compare.say(denied ? "The browser does not let this page use the camera. Allow it in the address bar, and try again." : `There is no camera to use: ${sentence(error)}`)
    }
    this.video.srcObject = this.stream
    await this.video.play()
    this.running = true
    this.panel.hidden = false
    this.build()
    this.panel.scrollIntoView({ block: "nearest" })
    while (this.running) await this.frame()
  }

  stop() {
    this.running = false
    this.panel.hidden = true
    for (const track of this.stream?.getTracks() ?? []) track.stop()
  }

  keys() {
    return [...new Set(["baseline", this.other])].filter((key) => key in this.compare.networks.states)
  }

  build() {
    const { figure, networks } = this.compare
    const panels = ["", ...this.keys()].map((key) => {
      const label = key ? figure.columns.find((one) => one.key === key)?.label ?? key : "Camera"
      return element("figure", "", `<canvas width="${SIDE}" height="${SIDE}"></canvas><figcaption><b>${escape(label)}</b> <span></span></figcaption>`)
    })
    this.panel.querySelector(".panels").replaceChildren(...panels)
    for (const key of this.keys()) networks.load(key).catch((error) => this.compare.say(sentence(error)))
  }

  // The middle square of the camera's present frame.
  grab() {
    const { videoWidth: width, videoHeight: height } = this.video, side = Math.min(width, height)
    contextOf(this.still).drawImage(this.video, (width - side) / 2, (height - side) / 2, side, side, 0, 0, SIDE, SIDE)
  }

  async frame() {
    const started = performance.now(), { networks } = this.compare
    this.grab()
    const ready = this.keys().filter((key) => networks.states[key].phase === "ready")
    const answers = ready.length ? await this.answersOf(ready) : []
    this.paint(ready, answers)
    await new Promise((resolve) => requestAnimationFrame(resolve))
    const rate = 1000 / (performance.now() - started)
    this.rate = ready.length < this.keys().length ? 0 : this.rate ? RATE * this.rate + (1 - RATE) * rate : rate
    this.panel.querySelector("output").textContent = this.rate ? `${this.rate.toFixed(1)} frames a second` : ""
  }

  /** @param {string[]} keys @returns {Promise<Answer[]>} */
  async answersOf(keys) {
    const { networks } = this.compare, frame = await createImageBitmap(this.still)
    try {
      const { answers } = await networks.ask("glance", { frame, networks: keys.map((key) => ({ key, side: networks.file(key).side })) }, [frame])
      return answers.map((/** @type {any} */ { logits, maps }) => whole(logits, maps))
    } catch (error) {
      this.compare.say(sentence(error))
      this.stop()
      return []
    }
  }

  /** @param {string[]} keys @param {Answer[]} answers */
  paint(keys, answers) {
    const { figure, networks, target } = this.compare, figures = [...this.panel.querySelectorAll("figure")]
    figures.forEach((node) => lay(node.querySelector("canvas"), this.still))
    const explained = answers.length ? (typeof target === "number" ? target : sharedClass(answers)) : 0
    figures[0].querySelector("span").textContent = answers.length ? `maps of ${figure.categories[explained]}` : ""
    this.keys().forEach((key, place) => {
      const answer = answers[keys.indexOf(key)], words = figures[place + 1].querySelector("span")
      const column = figure.columns.find((one) => one.key === key), map = answer?.map(explained)
      if (!answer || !map || !column) return void (words.textContent = networks.words(key))
      lay(figures[place + 1].querySelector("canvas"), this.still, heat(map, column, this.inferno))
      words.textContent = `${figure.categories[answer.top]} ${percent(answer.probability(answer.top) ?? 0)}`
    })
  }

  take() {
    this.still.toBlob((blob) => blob && this.compare.bring([new File([blob], "camera.jpg", { type: "image/jpeg" })]), "image/jpeg", 0.95)
    this.stop()
  }
}
