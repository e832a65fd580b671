// The page Compare: photographs in rows, networks in columns, with the app's own viewer.

import drawViewer from "../../components/viewer/viewer.js"
import { element } from "../../components/shared/page.js"
import { escape } from "../../components/shared/words.js"
import { bring } from "./bringing.js"
import { furnished, json } from "./mount.js"
import { Networks, isSmall, sentence } from "./networks.js"
import { Photograph, likelyClasses } from "./rows.js"

const MOST_GUESSES = 12

export class Compare {
  /** @type {Photograph[]} */ photographs = []
  /** @type {Target} */ target = "shared"
  /** @type {View} */ view = "square"
  /** @type {Set<string>} keys of the networks that are shown */ chosen = new Set()

  /** @param {HTMLElement} page @param {FigureData} figure @param {HTMLElement} root what the viewer takes for its parent */
  constructor(page, figure, root) {
    this.page = page
    this.figure = figure
    this.root = root
    this.networks = new Networks(figure.networks)
    const few = isSmall() ? this.networks.inOrder().slice(0, 2).map(({ key }) => key) : figure.order
    this.chosen = new Set(few)
    if (isSmall()) this.say("This device has little memory, so two of the five networks are chosen. The others can be, below the photographs.")
  }

  async start() {
    this.buildChips()
    this.listen()
    const { start, networks } = this.figure
    this.photographs = await Promise.all(start.map((name) => Photograph.sample(name, networks.map(({ key }) => key))))
    this.draw()
  }

  listen() {
    const named = (/** @type {string} */ name) => this.page.querySelector(`[name=${name}]`)
    named("target").onchange = (/** @type {any} */ { target }) => this.explain(target.value)
    named("view").onchange = (/** @type {any} */ { target }) => {
      this.view = target.value
      this.draw()
      this.answerWhatIsOpen()
    }
    named("any").onchange = (/** @type {any} */ { target }) => {
      const index = this.figure.categories.findIndex((name) => name.toLowerCase() === target.value.trim().toLowerCase())
      if (index < 0) return target.value && this.say(`“${target.value}” is none of the ${this.figure.categories.length} classes. Choose from the list.`)
      target.value = ""
      this.explain(index)
    }
    this.page.querySelector("#classes").replaceChildren(...this.figure.categories.map((name) => new Option(name)))
    this.networks.addEventListener("change", () => this.showStates())
    bring(this.page, (files) => this.add(files))
  }

  /** @param {string | number} target */
  explain(target) {
    this.target = target === "shared" || target === "own" ? target : Number(target)
    this.draw()
    this.answerWhatIsOpen()
  }

  buildChips() {
    const chips = this.figure.networks.map(({ key, label }) => {
      const chip = element("label", "network", `<input type="checkbox" value="${key}"><b>${escape(label)}</b> <span></span>`)
      const box = chip.querySelector("input")
      box.checked = this.chosen.has(key)
      box.onchange = () => {
        this.chosen[box.checked ? "add" : "delete"](key)
        if (!this.chosen.size) this.chosen.add(key)
        box.checked = this.chosen.has(key)
        this.draw()
        this.answerWhatIsOpen()
      }
      return chip
    })
    this.page.querySelector(".networks").replaceChildren(...chips)
    this.showStates()
  }

  showStates() {
    for (const chip of this.page.querySelectorAll(".networks .network")) {
      const key = chip.querySelector("input").value, { phase, received } = this.networks.states[key]
      const { bytes } = this.figure.networks.find((one) => one.key === key) ?? { bytes: 1 }
      chip.dataset.phase = phase
      chip.style.setProperty("--share", String(phase === "loading" ? received / bytes : phase === "ready" ? 1 : 0))
      chip.querySelector("span").textContent = this.networks.words(key)
    }
    this.drawSoon()
  }

  columns() {
    return this.figure.columns.filter(({ key }) => this.chosen.has(key))
  }

  drawSoon() {
    cancelAnimationFrame(this.frame ?? 0)
    this.frame = requestAnimationFrame(() => this.draw())
  }

  draw() {
    if (!this.photographs.length || this.page.hidden) return
    const columns = this.columns(), { figure } = this
    const waiting = (/** @type {string} */ key) => this.waitingWords(key)
    const rows = this.photographs.filter(({ pictures }) => pictures[this.view]).map((one) => one.packed(columns, this.view, this.target, figure, waiting))
    if (!rows.length) return
    this.writeTargets()
    const baseline = Math.max(0, columns.findIndex(({ key }) => key === "baseline"))
    const data = { ...figure.viewer, columns, rows, baseline, missing: [], own: this.target === "own" }
    this.end = drawViewer({ data, parentElement: this.root, setTriggerValue: (name, value) => name === "remove" && this.remove(value) })
  }

  /** Leave the page: the viewer's keys are no longer the page's. */
  stop() {
    this.end?.()
  }

  /** @param {string} key */
  waitingWords(key) {
    const { phase } = this.networks.states[key]
    return phase === "ready" ? "looking …" : phase === "loading" ? `network: ${this.networks.words(key)}` : `network: ${this.networks.words(key)}`
  }

  writeTargets() {
    const select = this.page.querySelector("[name=target]"), { categories } = this.figure
    const classes = likelyClasses(this.photographs, this.view, MOST_GUESSES)
    if (typeof this.target === "number" && !classes.includes(this.target)) classes.unshift(this.target)
    const options = [["shared", "what most networks see"], ["own", "what each network sees itself"], ...classes.map((index) => [String(index), categories[index]])]
    const text = JSON.stringify(options)
    if (select.dataset.text !== text) select.replaceChildren(...options.map(([value, words]) => new Option(words, value)))
    select.dataset.text = text
    select.value = String(this.target)
  }

  /** @param {Photograph[]} photographs */
  async add(photographs) {
    this.photographs.unshift(...photographs)
    for (const photograph of photographs) {
      try {
        await this.opened(photograph)
      } catch (error) {
        this.photographs = this.photographs.filter((one) => one !== photograph)
        this.say(`${photograph.name}: ${sentence(error)}`)
      }
    }
    this.draw()
    this.page.querySelector(".figure").scrollIntoView({ block: "nearest", behavior: "smooth" })
    await this.answer(photographs)
  }

  /** @param {Photograph} photograph */
  async opened(photograph) {
    const { pictures } = await this.networks.ask("open", { id: photograph.id, file: await photograph.content(), views: photograph.file ? ["square", "centre"] : [] })
    for (const [view, picture] of Object.entries(pictures)) photograph.pictures[view] = URL.createObjectURL(/** @type {Blob} */ (picture))
    photograph.isOpen = true
    this.draw()
  }

  /** What is shown without a map, though its network is here or was asked for already. */
  answerWhatIsOpen() {
    const wanted = this.photographs.filter(({ file }) => file || this.anyLoaded())
    return this.answer(wanted)
  }

  anyLoaded() {
    return Object.values(this.networks.states).some(({ phase }) => phase === "ready" || phase === "loading")
  }

  /** Ask the chosen networks about photographs, the smallest first: a column appears when its network has answered. @param {Photograph[]} photographs */
  async answer(photographs) {
    const { view } = this
    for (const { key, side } of this.networks.inOrder().filter((one) => this.chosen.has(one.key))) {
      const open = photographs.filter((one) => this.photographs.includes(one) && this.lacks(one, key, view))
      if (!open.length) continue
      try {
        await this.networks.load(key)
        for (const photograph of open) await this.lookAt(photograph, key, side, view)
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
  async lookAt(photograph, key, side, view) {
    if (!photograph.isOpen) await this.opened(photograph)
    const { logits, maps, milliseconds } = await this.networks.ask("look", { id: photograph.id, key, view, side })
    photograph.take(view, key, logits, maps)
    this.page.dataset.took = JSON.stringify({ ...JSON.parse(this.page.dataset.took ?? "{}"), [key]: Math.round(milliseconds) })
    this.draw()
  }

  /** @param {any} id */
  remove(id) {
    const gone = this.photographs.find((one) => one.id === id)
    if (!gone || this.photographs.length === 1) return
    this.photographs = this.photographs.filter((one) => one !== gone)
    for (const url of Object.values(gone.pictures)) if (url.startsWith("blob:")) URL.revokeObjectURL(url)
    this.networks.ask("forget", { id })
    this.draw()
  }

  /** @param {string} words */
  say(words) {
    this.page.querySelector(".message").textContent = words
  }
}

/** @param {HTMLElement} page */
export async function open(page) {
  const [figure, root] = await Promise.all([json("data/figure.json"), furnished(page.querySelector(".figure"), "viewer")])
  const compare = new Compare(page, figure, root)
  await compare.start()
  return compare
}
