// The page: shows the section that the address names, and sets it up when it is first shown.

import { json, furnished } from "./mount.js"
import { keepForLater } from "./offline.js"

/** @type {Record<string, (page: HTMLElement) => Promise<any>>} */
const PAGES = {
  story: async (page) => {
    const [{ default: tell }, data, root] = await Promise.all([
      import("../../components/story/story.js"), json("data/story.json"), furnished(page.querySelector(".host"), "story"),
    ])
    tell({ data: { ...data, links: { compare: "#compare", scaling: "#scaling", evidence: "#evidence" } }, parentElement: root, setTriggerValue: () => {} })
  },
  compare: async (page) => (await import("./compare.js")).open(page),
  scaling: async (page) => (await import("./lesson.js")).open(page),
  evidence: async (page) => (await import("./evidence.js")).open(page),
}
/** @type {Map<string, Promise<any>>} */
const opened = new Map()

async function show() {
  const asked = location.hash.slice(1), name = asked in PAGES ? asked : "story"
  for (const page of document.querySelectorAll("main > section")) {
    page.hidden = page.id !== name
    if (page.hidden) opened.get(page.id)?.then((there) => there?.stop?.())
  }
  for (const link of document.querySelectorAll("nav a")) link.toggleAttribute("aria-current", link.hash === `#${name}`)
  scrollTo(0, 0)
  const page = document.getElementById(name)
  if (!opened.has(name)) opened.set(name, PAGES[name](page).catch((error) => refuse(page, error)))
  const there = await opened.get(name)
  there?.draw?.()
  document.body.dataset.shown = name
  performance.mark("shown")
}

/** @param {HTMLElement} page @param {unknown} error */
function refuse(page, error) {
  page.querySelector(".message").textContent = `This part could not be opened (${error instanceof Error ? error.message : error}). Load the page again.`
}

document.querySelector(".unstarted").remove()
if (innerWidth > 620) document.querySelector("details").open = true
addEventListener("hashchange", show)
await show()
keepForLater()
