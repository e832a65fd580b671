// The lesson: five steps, sliders by hand or by the rule, and the cost and a drawing of the network that they set.

import { drawNetwork } from "../../components/story/growth.js"
import { escape } from "../../components/shared/words.js"
import { curvesChart, phiChart, triangleChart } from "./chart.js"
import { cost } from "./costs.js"
import { json, styled } from "./mount.js"

const BASE = 224 // pixels

class Lesson {
  place = 0
  /** @type {"hand" | "rule"} */ by = "hand"
  /** @type {Record<string, number>} of every slider */ values = {}

  /** @param {any} root @param {LessonData} data */
  constructor(root, data) {
    this.root = root
    this.data = data
    for (const one of Object.values(data.sliders).flat()) this.values[one.key] = one.start
    this.base = cost(data.family, 1, 1, BASE)
    this.listen()
    root.querySelector(".drawing image").setAttribute("href", data.picture)
    this.go(0)
  }

  listen() {
    const { steps, modes, presets } = this.data, find = (/** @type {string} */ name) => this.root.querySelector(name)
    find(".steps").replaceChildren(...steps.map(({ short }, place) => this.button(`${place + 1} · ${short}`, () => this.go(place))))
    find(".modes").replaceChildren(...Object.entries(modes).map(([by, words]) => this.button(words, () => this.control(/** @type {any} */ (by)))))
    find("[name=preset]").append(...presets.map(({ label }, place) => new Option(label, String(place))))
    find("[name=preset]").onchange = (/** @type {any} */ { target }) => {
      const { d, w, px } = presets[Number(target.value)]
      Object.assign(this.values, { d, w, px })
      target.value = ""
      this.control("hand")
    }
    find("[name=back]").onclick = () => this.go(this.place - 1)
    find("[name=next]").onclick = () => this.go(this.place + 1)
    document.addEventListener("keydown", (event) => this.press(event))
  }

  /** Arrow keys and a presenter's remote go from step to step. @param {KeyboardEvent} event */
  press(event) {
    const move = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1 }[event.key], [target] = event.composedPath()
    const busy = event.ctrlKey || event.altKey || event.metaKey || /** @type {Element} */ (target).matches?.("input, select")
    if (!move || busy || !this.root.host.checkVisibility()) return
    event.preventDefault()
    this.go(this.place + move)
  }

  /** @param {string} words @param {() => void} act */
  button(words, act) {
    const node = document.createElement("button")
    node.type = "button"
    node.textContent = words
    node.onclick = act
    return node
  }

  /** @param {number} place */
  go(place) {
    const { steps } = this.data
    this.place = Math.min(Math.max(place, 0), steps.length - 1)
    const { headline, text, controls } = steps[this.place]
    this.root.querySelector(".headline").textContent = headline
    this.root.querySelector(".text").innerHTML = text
    this.mark(".steps", this.place)
    this.root.querySelector("[name=back]").disabled = this.place === 0
    this.root.querySelector("[name=next]").disabled = this.place === steps.length - 1
    this.control(controls)
  }

  /** @param {string} group @param {number} place */
  mark(group, place) {
    this.root.querySelectorAll(`${group} button`).forEach((/** @type {Element} */ one, /** @type {number} */ other) => one.setAttribute("aria-pressed", String(other === place)))
  }

  /** @param {"hand" | "rule"} by */
  control(by) {
    this.by = by
    this.mark(".modes", Object.keys(this.data.modes).indexOf(by))
    this.root.querySelector(".sliders").replaceChildren(...this.data.sliders[by].map((one) => this.slider(one)))
    this.show()
  }

  /** @param {LessonSlider} slider */
  slider({ label, key, low, high, step, tip, form }) {
    const node = document.createElement("label")
    node.title = tip
    node.innerHTML = `<span>${escape(label)} <output></output></span><input type="range" min="${low}" max="${high}" step="${step}" aria-label="${escape(label)}">`
    const input = /** @type {HTMLInputElement} */ (node.querySelector("input")), output = node.querySelector("output")
    input.value = String(this.values[key])
    const write = () => (output.textContent = form ? form.replace("%d", input.value) : Number(input.value).toFixed(step < 0.1 ? 2 : 1))
    input.oninput = () => {
      this.values[key] = Number(input.value)
      write()
      this.show()
    }
    write()
    return node
  }

  /** @returns {LessonSetting} */
  setting() {
    const { d, w, px, phi, alpha, beta, gamma } = this.values
    if (this.by === "hand") return { depth: d, width: w, pixels: px }
    return { depth: alpha ** phi, width: beta ** phi, pixels: Math.round(BASE * gamma ** phi), phi, rule: [alpha, beta, gamma] }
  }

  // The variant whose colour the network has: the one dimension that moved, or compound.
  /** @param {LessonSetting} setting */
  variant({ depth, width, pixels, rule }) {
    const moved = this.data.dimensions.filter((_, place) => [depth, width, pixels / BASE][place] !== 1)
    return rule || moved.length > 1 ? "compound" : moved[0] ?? "baseline"
  }

  show() {
    const setting = this.setting(), { depth, width, pixels } = setting
    const now = cost(this.data.family, depth, width, pixels)
    this.root.querySelector(".exhibit").innerHTML = this.exhibit(setting, now)
    this.root.querySelector(".constraint").innerHTML = this.constraint(setting, now)
    this.root.querySelector(".numbers").innerHTML = this.numbers(now)
    this.drawNetworks(now, this.variant(setting))
  }

  /** @param {Cost} now @param {string} variant */
  drawNetworks(now, variant) {
    const drawing = this.root.querySelector(".drawing")
    drawNetwork(drawing, 1, [this.base, now], { colour: this.data.colours[variant], label: "Now" })
    const { x, y, width, height } = drawing.getBBox()
    if (width) drawing.setAttribute("viewBox", `${x - 3} ${y - 3} ${width + 6} ${height + 6}`)
  }

  /** @param {LessonSetting} setting @param {Cost} now */
  exhibit(setting, now) {
    const { steps, curves, axes, released, search, rule, dimensions, colours } = this.data, { figure } = steps[this.place]
    if (figure === "released") return phiChart({ ...released, now: this.phis(setting) }, dimensions, colours)
    if (figure === "search") return triangleChart(search, shares([rule.alpha, rule.beta, rule.gamma]), shares(setting.rule ?? [setting.depth, setting.width, setting.pixels / BASE]), dimensions, colours)
    return curvesChart(curves[figure], axes, colours, now.macs / 1e9)
  }

  /** @param {LessonSetting} setting */
  phis({ depth, width, pixels }) {
    const { alpha, beta, gamma } = this.data.rule
    return [Math.log(depth) / Math.log(alpha), Math.log(width) / Math.log(beta), Math.log(pixels / BASE) / Math.log(gamma)]
  }

  /** @param {LessonSetting} setting @param {Cost} now */
  constraint({ depth, width, pixels, rule }, now) {
    const expected = times(depth * width ** 2 * (pixels / BASE) ** 2), counted = times(now.macs / this.base.macs)
    const tail = `; counted layer by layer <b>${counted}</b>`
    if (!rule) return `<i>d w<sup>2</sup>r<sup>2</sup></i> = <b>${expected}</b> times the cost of B0${tail}`
    const [alpha, beta, gamma] = rule, each = alpha * beta ** 2 * gamma ** 2, { target, near } = this.data.rule
    const is = Math.abs(each - target) <= near ? "near" : "not near"
    return `<i>α β<sup>2</sup>γ<sup>2</sup></i> = <b>${each.toFixed(2)}</b> <em class="${is.replace(" ", "-")}">${is} ${target}</em>, over φ steps <b>${expected}</b>${tail}`
  }

  /** @param {Cost} now */
  numbers(now) {
    const rows = [["Parameters", now.params, this.base.params], ["Multiply-adds", now.macs, this.base.macs]].map(([name, value, base]) =>
      `<div><dt>${name}</dt><dd>${digits(Number(value))}</dd><dd class="faint">× ${times(Number(value) / Number(base))} of B0</dd></div>`)
    rows.push(`<div><dt>Last map</dt><dd>${now.grid} × ${now.grid} cells</dd><dd class="faint">7 × 7 in B0</dd></div>`)
    rows.push(`<div><dt>Costs about as much as</dt><dd>${this.nearest(now)}</dd><dd class="faint">of B0 to B7, by multiply-adds</dd></div>`)
    return rows.join("")
  }

  /** @param {Cost} now */
  nearest({ macs }) {
    const far = (/** @type {number} */ value) => Math.abs(Math.log(value / macs))
    return Object.entries(this.data.marks).sort(([, one], [, other]) => far(one.macs) - far(other.macs))[0][0]
  }
}

/** How a growth in cost is divided between depth, width and resolution; null without growth. @param {number[]} rule @returns {number[] | null} */
function shares([alpha, beta, gamma]) {
  const parts = [Math.log(alpha), 2 * Math.log(beta), 2 * Math.log(gamma)], sum = parts.reduce((total, one) => total + one, 0)
  return sum < 1e-9 ? null : parts.map((one) => one / sum)
}

/** @param {number} value */
function times(value) {
  return value < 100 ? value.toFixed(2) : Math.round(value).toLocaleString("en")
}

/** A number with three digits and a unit. @param {number} value */
function digits(value) {
  const [size, unit] = /** @type {[number, string][]} */ ([[1e12, " T"], [1e9, " G"], [1e6, " M"], [1e3, " k"]]).find(([one]) => value >= one * 0.9995) ?? [1, ""]
  return `${(value / size).toFixed(Math.max(0, 2 - Math.trunc(Math.log10(value / size))))}${unit}`
}

/** @param {HTMLElement} page */
export async function open(page) {
  const [data, root] = await Promise.all([json("data/lesson.json"), styled(page.querySelector(".host"), "story", page.querySelector("template"))])
  const lesson = new Lesson(root, data)
  return { draw: () => lesson.show() }
}
