// The first guesses of every network as bars, which are buttons, so that they work with a keyboard.

import { element } from "../shared/page.js"
import { escape, percent } from "../shared/words.js"

/** @param {Component<AnswersData>} component */
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".answers")
  const focused = root.getRootNode().activeElement?.dataset.place
  root.replaceChildren(...data.variants.map(({ label, guesses }, variant) => {
    const column = element("div", "", `<h3>${escape(label)}</h3>`)
    const list = document.createElement("ol")
    list.append(...guesses.map(({ index, name, share, explained }, place) => {
      const item = document.createElement("li")
      const button = element("button", "guess", `<span class="words"><span>${escape(name)}</span><span>${percent(share)}</span></span><i class="bar"></i>`)
      button.type = "button"
      button.title = `${name}: ${(100 * share).toFixed(1)} %`
      button.dataset.place = `${variant} ${place}`
      button.setAttribute("aria-pressed", String(explained))
      button.style.setProperty("--share", String(share))
      button.onclick = () => setTriggerValue("pick", index)
      item.append(button)
      return item
    }))
    column.append(list)
    return column
  }))
  if (focused) root.querySelector(`[data-place="${focused}"]`)?.focus()
}
