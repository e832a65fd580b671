// The visitor's own photographs: from a file, pasted or dropped. They never leave this page.

import { checked } from "./photograph.js"
import { sentence } from "./networks.js"
import { Photograph } from "./rows.js"

const LONGEST = 40 // characters of a name

/** The files that can be shown; ``say`` receives the reason why others cannot. @param {Iterable<File>} files @param {(words: string) => void} say */
export async function photographsOf(files, say) {
  /** @type {Photograph[]} */
  const good = []
  for (const file of files) {
    try {
      await checked(file)
      good.push(new Photograph(nameOf(file), file))
    } catch (error) {
      say(`${nameOf(file)}: ${sentence(error)}`)
    }
  }
  return good
}

/** @param {HTMLElement} page @param {(files: File[]) => Promise<void>} take */
export function listenToFiles(page, take) {
  const input = page.querySelector("[name=file]")
  page.querySelector("[name=choose]").onclick = () => input.click()
  input.onchange = () => take([...input.files]).finally(() => (input.value = ""))
  document.addEventListener("paste", ({ clipboardData }) => !page.hidden && clipboardData?.files.length && take([...clipboardData.files]))
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
    take([...event.dataTransfer.files])
  })
}

/** @param {File} file */
function nameOf({ name }) {
  const words = name.replace(/\.\w+$/, "") || "photograph"
  return words.length > LONGEST ? `${words.slice(0, LONGEST)}…` : words
}
