// What is shown and how: data, display choices, and the values, limits and colours that follow from them. Nothing here paints
// on the page.

import { paintLevels } from "../shared/page.js"
import { number, percent } from "../shared/words.js"
import { GRID, axes, bytes, cut, extent, floats, isoline, levelled, lut, resample } from "./maps.js"

/** @type {Look} */
export const DEFAULTS = {
  opacity: 0.7, colours: "inferno", scale: "map", signed: null, difference: false, contour: 0,
  cells: false, placement: "registered", paper: false, theirs: true,
}

export class State {
  /** @type {ViewerData} */ data
  /** @type {Row[]} */ rows
  /** @type {Record<string, Uint8Array>} */ luts
  /** @type {Pointed | undefined} */ pointed

  constructor() {
    this.look = restoredLook()
    /** @type {Map<string, Zoom>} of each photograph, by its digest */
    this.zooms = new Map()
    /** @type {Map<string, HTMLImageElement>} by their data URLs */
    this.pictures = new Map()
    this.at = { row: 0, column: 1 } // the panel that keys act on
    /** @type {Swipe} */
    this.swipe = { on: false, other: 1, divide: 0.5 }
    this.text = "" // of the data taken in last
    /** @type {Map<string, any>} what was computed from these, by a name that says from which choices */
    this.cache = new Map()
  }

  // Take in what the server packed; false where it is what is shown already.
  /** @param {ViewerData} data */
  take(data) {
    const text = JSON.stringify([data.rows, data.columns, data.missing, data.unit, data.own, data.whole])
    if (text === this.text) return false
    this.text = text
    this.data = data
    this.luts = Object.fromEntries(Object.entries(data.colours).map(([name, rgb]) => [name, bytes(rgb)]))
    this.rows = data.rows.map((row) => ({ ...row, maps: cut(floats(row.maps), data.columns) }))
    this.cache = new Map()
    this.at.row = Math.min(this.at.row, this.rows.length - 1)
    this.at.column = Math.min(this.at.column, data.columns.length)
    return true
  }

  /** @template T @param {string} key @param {() => T} compute @returns {T} */
  remember(key, compute) {
    if (!this.cache.has(key)) this.cache.set(key, compute())
    return this.cache.get(key)
  }

  signed() {
    return !this.paper() && (this.difference() || (this.look.signed ?? this.rows.some((row) => row.panels[0].against)))
  }

  paper() {
    return this.look.paper && !this.difference()
  }

  // Maps without a unit, and a map alone, have no difference.
  difference() {
    return this.look.difference && Boolean(this.data.unit) && this.data.columns.length > 1
  }

  placement() {
    return this.paper() ? "half-pixel" : this.look.placement
  }

  /** @param {number} column */
  axes(column) {
    const placement = this.placement(), { cells } = this.look
    return this.remember(`axes ${column} ${placement} ${cells}`, () => axes(this.data.columns[column], placement, cells))
  }

  // Values of one map on the grid; in the difference, minus those of the baseline at the same places.
  /** @param {number} row @param {number} column @returns {Float32Array} */
  values(row, column) {
    const { cells } = this.look, difference = this.difference()
    return this.remember(`values ${row} ${column} ${this.placement()} ${cells} ${difference}`, () => {
      const own = resample(this.rows[row].maps[column], this.axes(column))
      if (!difference) return own
      const base = resample(this.rows[row].maps[this.data.baseline], this.axes(this.data.baseline))
      return own.map((value, place) => value - base[place])
    })
  }

  // The raw values drawn as the two ends of the colours, as in cam.figures.colours.display_scale.
  /** @param {number} row @param {number} column */
  limits(row, column) {
    const shared = this.look.scale === "row" && this.data.unit && !this.paper()
    const columns = shared ? this.data.columns.keys() : [column]
    let low = Infinity, high = -Infinity
    for (const one of columns) {
      const [least, most] = this.extent(row, one)
      low = Math.min(low, least)
      high = Math.max(high, most)
    }
    if (this.paper()) return [low, high]
    const most = Math.max(-low, high)
    if (this.difference() && most < 1e-3 * this.largest(row)) return [0, 0]
    return this.signed() ? [-most, most] : [0, Math.max(0, high)]
  }

  /** @param {number} row @returns {number} */
  largest(row) {
    return this.remember(`largest ${row}`, () => Math.max(...extent(this.rows[row].maps[this.data.baseline]).map(Math.abs)))
  }

  /** @param {number} row @param {number} column */
  extent(row, column) {
    if (!this.difference()) return this.remember(`extent ${row} ${column}`, () => extent(this.rows[row].maps[column]))
    const { cells } = this.look
    return this.remember(`difference ${row} ${column} ${this.placement()} ${cells}`, () => extent(this.values(row, column)))
  }

  lut() {
    const name = this.paper() ? "jet" : this.signed() ? "diverging" : this.look.colours
    const opacity = this.paper() ? 1 : this.look.hidden ? 0 : this.look.opacity
    const key = `lut ${name} ${opacity} ${this.signed()} ${this.paper()}`
    return this.remember(key, () => lut(this.luts[name], opacity, this.paper() ? "opaque" : this.signed() || name === "diverging" ? "signed" : "positive"))
  }

  /** @param {number} row @param {number} column */
  overlay(row, column) {
    const [low, high] = this.limits(row, column)
    const values = this.values(row, column)
    const centred = this.look.colours === "diverging" && !this.signed() && !this.paper()
    const from = centred ? -high : low
    const { cells } = this.look, difference = this.difference()
    const levels = this.remember(`levels ${row} ${column} ${from} ${high} ${this.placement()} ${cells} ${difference}`, () => levelled(values, from, high))
    const canvas = this.remember(`canvas ${row} ${column}`, () => document.createElement("canvas"))
    const colours = this.lut()
    if (canvas.levels !== levels || canvas.colours !== colours) {
      paintLevels(canvas, levels, colours)
      Object.assign(canvas, { levels, colours })
    }
    return canvas
  }

  /** @param {number} row @param {number} column */
  contour(row, column) {
    const [, high] = this.limits(row, column)
    const threshold = high * this.look.contour
    const { cells } = this.look, difference = this.difference()
    if (!this.look.contour || !(high > 0)) return null
    return this.remember(`contour ${row} ${column} ${threshold} ${this.placement()} ${cells} ${difference}`, () =>
      isoline(this.values(row, column), threshold))
  }

  // The choices in effect, as cam.figures.display.Display.
  /** @returns {Partial<Display>} */
  display() {
    const { colours, opacity, hidden, contour, cells, placement } = this.look
    const swipe = this.pair()
    if (this.paper()) return { style: "paper", contour, cells, swipe }
    const scale = this.data.unit ? this.look.scale : "map"
    const difference = this.difference() ? this.data.columns[this.data.baseline].key : ""
    return { scale, colours, opacity: hidden ? 0 : opacity, signed: this.signed(), difference, contour, cells, placement, swipe }
  }

  // The panels on either side of the divider, by their variants' keys; "" is the photograph.
  pair() {
    const [left, right] = [this.at.column, this.swipe.other].map((column) => this.data.columns[column - 1]?.key ?? "")
    return this.swipe.on ? { left, right, divide: this.swipe.divide } : null
  }

  /** @param {number} row @returns {Zoom} */
  zoom(row) {
    const { digest } = this.rows[row]
    const zoom = this.zooms.get(digest) ?? { scale: 1, left: 0, top: 0 }
    this.zooms.set(digest, zoom)
    return zoom
  }

  /** @param {number} row @param {number} column */
  reading(row, column) {
    if (!this.pointed) return ""
    const { x, y } = this.pointed
    if (!column) return `${Math.round(x * 100)} %, ${Math.round(y * 100)} %`
    if (this.rows[row].panels[column - 1].waiting) return "…"
    const place = Math.min(GRID - 1, Math.floor(y * GRID)) * GRID + Math.min(GRID - 1, Math.floor(x * GRID))
    const value = this.values(row, column - 1)[place]
    return `${value > 0 ? "+" : ""}${number(value)}${this.data.unit ? ` ${this.data.unit}` : ""}`
  }

  /** @param {number} row @param {number} column */
  words(row, column) {
    const { name, panels } = this.rows[row]
    if (!column) return `${name}, the photograph`
    const { top, topProbability, explained, waiting } = panels[column - 1]
    if (waiting) return `${name}, ${this.data.columns[column - 1].label}: ${waiting}`
    return `${name}, ${this.data.columns[column - 1].label}: map of ${explained}; first guess ${top}, ${percent(topProbability)}`
  }
}

// The look of a shared link where one was followed, else the one used last in this tab.
/** @returns {Look} */
export function restoredLook() {
  const link = new URLSearchParams(location.search).get("look")
  const kept = sessionStorage.getItem("followed") === link ? sessionStorage.getItem("look") : link
  sessionStorage.setItem("followed", link ?? "")
  return { ...DEFAULTS, ...accepted(kept ?? sessionStorage.getItem("look")) }
}

/** @param {string | null} text @returns {Partial<Look>} */
export function accepted(text) {
  try {
    const { halfPixel, ...look } = JSON.parse(text ?? "null") ?? {}
    if (halfPixel === true) look.placement ??= "half-pixel" // links from before there were three placements
    return Object.fromEntries(Object.entries(look).filter(([name, value]) => isPossible(name, value)))
  } catch {
    return {}
  }
}

/** @type {Record<string, unknown[]>} */
const CHOICES = {
  colours: ["inferno", "viridis", "cividis", "diverging", "jet"], scale: ["map", "row"],
  placement: ["registered", "nominal", "half-pixel"],
}

// Whether a choice of that name can have the value, which comes from an address or from what a browser kept.
/** @param {string} name @param {unknown} value */
function isPossible(name, value) {
  if (!Object.hasOwn(DEFAULTS, name)) return false
  if (name in CHOICES) return CHOICES[name].includes(value)
  if (name === "opacity" || name === "contour") return typeof value === "number" && value >= 0 && value <= 1
  return typeof value === "boolean"
}
