// The page Compare: photographs in rows, networks in columns, with the app's own viewer.

import drawPicker from "../../components/picker/picker.js"
import drawViewer from "../../components/viewer/viewer.js"
import { askedByAddress, listenToChoices, writeAddress, writeTargets } from "./asking.js"
import { listenToFiles, photographsOf } from "./bringing.js"
import { buildChips } from "./chips.js"
import { Live } from "./live.js"
import { furnished, json } from "./mount.js"
import { Networks, isSmall, sentence } from "./networks.js"
import { Photograph } from "./rows.js"

const FEW = 2 // number of networks that a small device starts with
const LITTLE = "This device has little memory, so two of the five networks are chosen. You can add the others under Networks."

export class Compare {
  /** @type {Photograph[]} */ photographs = []
  /** @type {Target} */ target = "shared"
  /** @type {View} */ view = "square"
  /** @type {(() => void) | undefined} */ end

  /** @param {HTMLElement} page @param {FigureData} figure @param {HTMLElement} root the viewer's parent @param {HTMLElement} picker */
  constructor(page, figure, root, picker) {
    this.page = page
    this.figure = figure
    this.root = root
    this.picker = picker
    this.networks = new Networks(figure.networks, figure.runtime)
    /** @type {Set<string>} keys of the networks that are shown */
    this.chosen = new Set(isSmall() ? this.networks.inOrder().slice(0, FEW).map(({ key }) => key) : figure.order)
    this.live = new Live(this)
  }

  async start() {
    const { images, target, view } = askedByAddress(this.figure)
    this.target = target
    this.view = view
    listenToChoices(this)
    listenToFiles(this.page, (files) => this.bring(files))
    buildChips(this.page.querySelector(".networks"), this.networks, this.chosen, () => this.ask({}))
    this.networks.addEventListener("change", () => this.drawSoon())
    this.photographs = await Promise.all(images.map((name) => this.sample(name)))
    this.ask({})
    if (isSmall()) this.say(LITTLE)
  }

  /** @param {string} name */
  sample(name) {
    return Photograph.sample(name, this.figure.order)
  }

  /** Change the question, and answer it. @param {{ target?: Target, view?: View }} what */
  ask(what) {
    Object.assign(this, what)
    this.say("")
    this.draw()
    return this.answer(this.photographs.filter(({ file }) => file || this.networks.anyWanted()))
  }

  drawSoon() {
    cancelAnimationFrame(this.frame ?? 0)
    this.frame = requestAnimationFrame(() => this.draw())
  }

  draw() {
    if (!this.photographs.length || this.page.hidden) return
    const { figure, view } = this, columns = figure.columns.filter(({ key }) => this.chosen.has(key))
    writeTargets(this)
    writeAddress(this)
    this.drawPicker()
    const rows = this.photographs.filter(({ pictures }) => pictures[view]).map((one) => one.packed(columns, view, this.target, figure, (key) => this.waitingFor(key)))
    if (!rows.length) return
    const baseline = Math.max(0, columns.findIndex(({ key }) => key === "baseline"))
    const own = this.photographs.filter(({ file }) => file).length
    const data = { ...figure.viewer, columns, rows, baseline, missing: [], own: this.target === "own", uploads: own }
    this.end = drawViewer({ data, parentElement: this.root, setTriggerValue: (name, value) => name === "remove" && this.remove(String(value)) })
  }

  drawPicker() {
    const chosen = this.photographs.filter(({ file }) => !file).map(({ name }) => name)
    drawPicker({ data: { thumbnails: this.figure.samples, chosen }, parentElement: this.picker, setTriggerValue: (_, name) => this.toggle(String(name)) })
  }

  /** Add a sample, or remove it. @param {string} name */
  async toggle(name) {
    const there = this.photographs.find((one) => !one.file && one.name === name)
    if (there) return this.remove(there.id)
    this.photographs.push(await this.sample(name))
    return this.ask({})
  }

  /** Leave the page: remove the viewer's keys and stop the camera. */
  stop() {
    this.end?.()
    this.live.stop()
  }

  /** @param {string} key */
  waitingFor(key) {
    const { phase } = this.networks.states[key]
    if (phase === "absent" || phase === "kept") return this.networks.anyWanted() ? "waiting …" : "this class needs the network: choose “Keep all”, above"
    return { loading: "loading …", ready: "looking …", failed: "not loaded" }[phase] // the row of networks shows the progress
  }

  /** @param {Iterable<File>} files */
  async bring(files) {
    this.say("")
    const photographs = await photographsOf(files, (words) => this.say(words))
    this.photographs.unshift(...photographs)
    for (const photograph of photographs) {
      try {
        await this.opened(photograph)
      } catch (error) {
        this.photographs = this.photographs.filter((one) => one !== photograph)
        this.say(`${photograph.name}: ${sentence(error)}`)
      }
    }
    performance.mark("brought")
    if (photographs.length) await this.answer(photographs)
  }

  /** Have the worker decode a photograph. @param {Photograph} photograph */
  async opened(photograph) {
    const { id, file } = photograph
    const { pictures } = await this.networks.ask("open", { id, file: await photograph.content(), views: file ? ["square", "centre"] : [] })
    for (const [view, picture] of Object.entries(pictures)) photograph.pictures[view] = URL.createObjectURL(/** @type {Blob} */ (picture))
    photograph.openIn = this.networks.generation
    this.draw()
  }

  /** Ask the chosen networks, the smallest first: a column appears when its network has answered. @param {Photograph[]} photographs */
  async answer(photographs) {
    const { view } = this, wanted = this.networks.inOrder().filter(({ key }) => this.chosen.has(key) && photographs.some((one) => this.lacks(one, key, view)))
    for (const [place, { key, side }] of wanted.entries()) {
      try {
        await this.networks.load(key)
        if (place + 1 < wanted.length) this.networks.load(wanted[place + 1].key).catch(() => {}) // while this one runs
        for (const one of photographs) if (this.photographs.includes(one) && this.lacks(one, key, view)) await this.look(one, key, side, view)
      } catch (error) {
        this.say(sentence(error))
      }
    }
  }

  /** @param {Photograph} photograph @param {string} key @param {View} view */
  lacks(photograph, key, view) {
    const answer = photograph.answers[view][key]
    return !answer || (typeof this.target === "number" && !answer.map(this.target))
  }

  /** @param {Photograph} photograph @param {string} key @param {number} side @param {View} view */
  async look(photograph, key, side, view) {
    if (photograph.openIn !== this.networks.generation) await this.opened(photograph)
    const { logits, maps } = await this.networks.ask("look", { id: photograph.id, key, view, side })
    photograph.take(view, key, logits, maps)
    performance.mark(`answer ${key}`)
    this.draw()
  }

  /** @param {string} id */
  remove(id) {
    const gone = this.photographs.find((one) => one.id === id)
    if (!gone || this.photographs.length === 1) return
    this.photographs = this.photographs.filter((one) => one !== gone)
    for (const url of Object.values(gone.pictures)) if (url.startsWith("blob:")) URL.revokeObjectURL(url)
    if (gone.openIn === this.networks.generation) this.networks.ask("forget", { id })
    this.draw()
  }

  /** @param {string} words */
  say(words) {
    this.page.querySelector(".message").textContent = words
  }
}

/** @param {HTMLElement} page */
export async function open(page) {
  const [figure, root, picker] = await Promise.all([
    json("data/figure.json"), furnished(page.querySelector(".figure"), "viewer"), furnished(page.querySelector("#samples .host"), "picker"),
  ])
  const compare = new Compare(page, figure, root, picker)
  await compare.start()
  return compare
}
