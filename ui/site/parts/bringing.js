// The visitor's own photographs: from a file, pasted, dropped or taken with the camera. They go nowhere but into this page.

import { checked } from "./photograph.js"
import { sentence } from "./networks.js"
import { Photograph } from "./rows.js"

const LONGEST = 40 // characters of a name

/** @param {HTMLElement} page @param {(photographs: Photograph[]) => void} take */
export function bring(page, take) {
  /** @param {Iterable<File>} files */
  const offer = async (files) => {
    /** @type {Photograph[]} */
    const good = [], message = page.querySelector(".message")
    message.textContent = ""
    for (const file of files) {
      try {
        await checked(file)
        good.push(new Photograph(nameOf(file), file))
      } catch (error) {
        message.textContent = `${nameOf(file)}: ${sentence(error)}`
      }
    }
    if (good.length) take(good)
  }
  const input = page.querySelector("[name=file]")
  page.querySelector("[name=choose]").onclick = () => input.click()
  input.onchange = () => offer([...input.files]).finally(() => (input.value = ""))
  document.addEventListener("paste", ({ clipboardData }) => !page.hidden && clipboardData?.files.length && offer([...clipboardData.files]))
  document.addEventListener("dragover", (event) => {
    if (page.hidden || !event.dataTransfer?.types.includes("Files")) return
    event.preventDefault()
    page.classList.add("dropping")
  })
  document.addEventListener("dragleave", (event) => event.relatedTarget || page.classList.remove("dropping"))
  document.addEventListener("drop", (event) => {
    page.classList.remove("dropping")
    if (page.hidden || !event.dataTransfer?.files.length) return
    event.preventDefault()
    offer([...event.dataTransfer.files])
  })
}

/** @param {File} file */
function nameOf({ name }) {
  const words = name.replace(/\.\w+$/, "") || "photograph"
  return words.length > LONGEST ? `${words.slice(0, LONGEST)}…` : words
}
