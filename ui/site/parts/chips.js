// The row of networks: which are shown, how large their files are, how much is downloaded, and where they run.

import { element } from "../../components/shared/page.js"
import { escape } from "../../components/shared/words.js"
import { megabytes } from "./download.js"

/** @param {HTMLElement} row @param {import("./networks.js").Networks} networks @param {Set<string>} chosen @param {() => void} changed */
export function buildChips(row, networks, chosen, changed) {
  const chips = networks.files.map(({ key, label }) => {
    const chip = element("label", "network", `<input type="checkbox" value="${key}"><b>${escape(label)}</b> <span></span>`)
    const box = chip.querySelector("input")
    box.checked = chosen.has(key)
    box.onchange = () => {
      chosen[box.checked ? "add" : "delete"](key)
      if (!chosen.size) chosen.add(key) // at least one is always shown
      box.checked = chosen.has(key)
      changed()
    }
    return chip
  })
  const all = element("button", "all")
  all.type = "button"
  all.title = "Fetch all networks now, for use without a connection"
  all.onclick = () => fetchAll(networks, changed)
  const again = element("button", "again", "Try again")
  again.type = "button"
  again.onclick = () => changed()
  row.replaceChildren(...chips, again, all, element("span", "faint where"))
  networks.addEventListener("change", () => showStates(row, networks))
  showStates(row, networks)
}

/** Load all networks, one after the other, smallest first; maps appear as their networks become ready. @param {import("./networks.js").Networks} networks @param {() => void} changed */
async function fetchAll(networks, changed) {
  await navigator.storage?.persist?.() // so that the browser does not drop them when its disk fills up
  const keys = networks.inOrder().map(({ key }) => key)
  networks.load(keys[0]).catch(() => {}) // its chip says why
  changed()
  for (const key of keys) await networks.load(key).catch(() => {})
}

/** @param {HTMLElement} row @param {import("./networks.js").Networks} networks */
function showStates(row, networks) {
  for (const chip of row.querySelectorAll(".network")) {
    const key = chip.querySelector("input").value, { phase, received, words } = networks.states[key]
    const share = { absent: 0, kept: 0, failed: 0, loading: received / networks.file(key).bytes, ready: 1 }[phase]
    chip.dataset.phase = phase
    chip.style.setProperty("--share", String(share))
    chip.querySelector("span").textContent = networks.words(key)
    chip.title = phase === "failed" ? words : phase === "kept" ? "Already on this device" : ""
  }
  row.querySelector(".again").hidden = !networks.files.some(({ key }) => networks.states[key].phase === "failed")
  const missing = networks.files.filter(({ key }) => ["absent", "failed"].includes(networks.states[key].phase))
  const all = row.querySelector(".all")
  all.hidden = !missing.length
  all.textContent = `Keep all (${megabytes(missing.reduce((sum, { bytes }) => sum + bytes, 0))} MB)`
  row.querySelector(".where").textContent = networks.where()
}
