// A drawing in SVG that Python made, with its words escaped; elements of class "choice" are buttons.

/** @param {Component<DrawingData>} component */
export default function ({ data, parentElement, setTriggerValue }) {
  const box = parentElement.querySelector(".drawing")
  if (box.drawn !== data.svg) box.innerHTML = box.drawn = data.svg
  box.setAttribute("role", data.choices ? "group" : "img")
  box.setAttribute("aria-label", data.label)
  for (const choice of box.querySelectorAll(".choice")) {
    const place = Number(choice.dataset.choice)
    choice.setAttribute("aria-pressed", String(place === data.chosen))
    choice.onclick = () => setTriggerValue("choice", place)
    choice.onkeydown = (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Enter" && event.key !== " ") return
      event.preventDefault()
      setTriggerValue("choice", place)
    }
  }
}
