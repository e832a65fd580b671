// The question: which class the maps explain and which part of the photographs the networks see; the address keeps it.

import { likelyClasses } from "./rows.js"

const MOST_GUESSES = 12

/** @param {import("./compare.js").Compare} compare */
export function listenToChoices(compare) {
  const { page, figure } = compare, named = (/** @type {string} */ name) => page.querySelector(`[name=${name}]`)
  named("target").onchange = (/** @type {any} */ { target }) => compare.ask({ target: targetOf(target.value) })
  named("view").onchange = (/** @type {any} */ { target }) => compare.ask({ view: target.value })
  named("any").onchange = (/** @type {any} */ { target }) => {
    const index = classNamed(target.value, figure.categories)
    if (index < 0) return target.value && compare.say(`“${target.value}” is none of the ${figure.categories.length.toLocaleString("en")} classes. Choose one from the list.`)
    target.value = ""
    compare.ask({ target: index })
  }
  page.querySelector("#classes").replaceChildren(...figure.categories.map((name) => new Option(name)))
}

/** @param {string} words @param {string[]} categories */
function classNamed(words, categories) {
  return categories.findIndex((name) => name.toLowerCase() === words.trim().toLowerCase())
}

/** @param {string} words @returns {Target} */
function targetOf(words) {
  return words === "shared" || words === "own" ? words : Number(words)
}

/** The menu of classes: the two ways to choose, and what the networks guess. @param {import("./compare.js").Compare} compare */
export function writeTargets({ page, figure, photographs, view, target }) {
  const select = page.querySelector("[name=target]"), classes = likelyClasses(photographs, view, MOST_GUESSES)
  if (typeof target === "number" && !classes.includes(target)) classes.unshift(target)
  const options = [["shared", "what most networks see"], ["own", "what each network sees itself"], ...classes.map((index) => [String(index), figure.categories[index]])]
  const text = JSON.stringify(options)
  if (select.dataset.text !== text) select.replaceChildren(...options.map(([value, words]) => new Option(words, value)))
  select.dataset.text = text
  select.value = String(target)
  page.querySelector("[name=view]").value = view
}

/** What a link asks for, without unknown names. @param {FigureData} figure @returns {{ images: string[], target: Target, view: View }} */
export function askedByAddress({ samples, start, categories }) {
  const asked = new URLSearchParams(location.search), there = samples.map(({ name }) => name)
  const images = (asked.get("images") ?? "").split(",").filter((name) => there.includes(name))
  const index = classNamed(asked.get("target") ?? "", categories), own = asked.get("target") === "own"
  return {
    images: images.length ? images : start,
    target: index >= 0 ? index : own ? "own" : "shared",
    view: asked.get("view") === "centre" ? "centre" : "square",
  }
}

/** @param {import("./compare.js").Compare} compare */
export function writeAddress({ figure, photographs, target, view }) {
  const url = new URL(location.href), images = photographs.filter(({ file }) => !file).map(({ name }) => name).join()
  /** @param {string} name @param {string} value @param {string} usual */
  const write = (name, value, usual) => (value === usual ? url.searchParams.delete(name) : url.searchParams.set(name, value))
  write("images", images, figure.start.join())
  write("target", typeof target === "number" ? figure.categories[target] : target, "shared")
  write("view", view, "square")
  if (url.href !== location.href) history.replaceState(history.state, "", url)
}
