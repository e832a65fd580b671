// Photographs as rows: samples, with maps computed earlier, and the visitor's own, with maps computed in the browser.

import { best, fitsNone, packed, sharedClass, whole } from "./answers.js"
import { floats } from "../../components/viewer/maps.js"
import { json } from "./mount.js"

export class Photograph {
  /** @type {Record<View, Record<string, Answer>>} */ answers = { square: {}, centre: {} }
  /** @type {Record<string, string>} the address of the picture for each view */ pictures = {}
  openIn = 0 // number of the worker that has decoded it
  /** @type {Record<string, { shared: number, outside: boolean }>} results of Python for each view */ known = {}

  /** @param {string} name @param {Blob | null} file of a visitor's own */
  constructor(name, file) {
    this.name = name
    this.file = file
    this.id = file ? crypto.randomUUID?.() ?? String(Math.random()) : name
  }

  /** A sample. @param {string} name @param {string[]} keys @returns {Promise<Photograph>} */
  static async sample(name, keys) {
    const made = new Photograph(name, null), { views } = await json(`data/samples/${name}.json`)
    for (const [view, found] of Object.entries(views)) {
      made.known[view] = found
      made.pictures[view] = `photographs/${name}.${view}.webp`
      for (const key of keys) made.answers[/** @type {View} */ (view)][key] = precomputed(found.classes, found.networks[key])
    }
    return made
  }

  /** The file that the networks see. @returns {Promise<Blob>} */
  async content() {
    return this.file ?? (await fetch(`photographs/${this.name}.jpg`)).blob()
  }

  /** Store a network's answer computed in the browser, with all classes. @param {View} view @param {string} key @param {Float32Array} logits @param {Float32Array} maps */
  take(view, key, logits, maps) {
    this.answers[view][key] = whole(logits, maps)
  }

  /** The class that a map explains. @param {View} view @param {Target} target @param {Answer} answer @param {Answer[]} others */
  explained(view, target, answer, others) {
    if (typeof target === "number") return target
    return target === "own" ? answer.top : (this.known[view]?.shared ?? sharedClass(others))
  }

  /** The row in the viewer's format. @param {Column[]} columns @param {View} view @param {Target} target @param {FigureData} figure @param {(key: string) => string} waiting @returns {PackedRow} */
  packed(columns, view, target, figure, waiting) {
    const answers = this.answers[view], there = columns.map(({ key }) => answers[key]).filter(Boolean)
    /** @type {Panel[]} */
    const panels = [], maps = new Float32Array(columns.reduce((sum, { cells }) => sum + cells * cells, 0))
    let start = 0
    for (const { key, cells } of columns) {
      const answer = answers[key], index = there.length ? this.explained(view, target, answer ?? there[0], there) : 0
      const map = answer?.map(index)
      if (map) maps.set(map, start)
      panels.push(panel(answer, index, figure.categories, map ? "" : waiting(key)))
      start += cells * cells
    }
    const outside = this.known[view] ? this.known[view].outside : fitsNone(answers, figure.scales)
    return { name: this.name, digest: this.id, picture: this.pictures[view], outside: outside ? figure.none : "", elsewhere: null, panels, maps: packed(maps) }
  }
}

/** @param {number[]} classes @param {PackedAnswer} found @returns {Answer} */
function precomputed(classes, { top, probabilities, maps }) {
  const values = floats(maps), size = values.length / classes.length
  return {
    top,
    probability: (index) => probabilities[classes.indexOf(index)],
    map: (index) => {
      const place = classes.indexOf(index)
      return place < 0 ? undefined : values.subarray(place * size, (place + 1) * size)
    },
  }
}

/** @param {Answer | undefined} answer @param {number} index @param {string[]} categories @param {string} waiting @returns {Panel} */
function panel(answer, index, categories, waiting) {
  const top = answer?.top ?? index
  return {
    top: categories[top],
    topProbability: answer?.probability(top) ?? 0,
    explained: answer ? categories[index] : "…",
    probability: answer?.probability(index) ?? 0,
    right: top === index,
    against: null,
    waiting,
  }
}

/** The networks' first guesses for the photographs, the most certain first. @param {Photograph[]} photographs @param {View} view @param {number} most */
export function likelyClasses(photographs, view, most) {
  /** @type {Map<number, number>} */
  const surest = new Map()
  for (const { answers } of photographs) {
    for (const answer of Object.values(answers[view])) {
      for (const index of firstGuesses(answer)) surest.set(index, Math.max(surest.get(index) ?? 0, answer.probability(index) ?? 0))
    }
  }
  return [...surest.keys()].sort((one, other) => (surest.get(other) ?? 0) - (surest.get(one) ?? 0)).slice(0, most)
}

/** @param {Answer} answer */
function firstGuesses({ logits, top }) {
  if (!logits) return [top]
  const left = Float32Array.from(logits)
  return Array.from({ length: 3 }, () => {
    const index = best(left)
    left[index] = -Infinity
    return index
  })
}
