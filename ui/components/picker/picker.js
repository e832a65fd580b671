// Photographs as buttons; a click toggles one, and the server decides what is chosen.

/** @param {Component<Gallery>} component */
export default function ({ data, parentElement, setTriggerValue }) {
  const gallery = parentElement.querySelector(".gallery")
  const names = data.thumbnails.map((one) => one.name).join()
  if (gallery.dataset.names !== names) {
    gallery.dataset.names = names
    gallery.replaceChildren(...data.thumbnails.map(thumbnail))
  }
  for (const button of gallery.children) {
    button.setAttribute("aria-pressed", data.chosen.includes(button.dataset.name))
    button.onclick = () => setTriggerValue("toggle", button.dataset.name)
  }
}

/** @param {Thumbnail} thumbnail */
function thumbnail({ name, picture }) {
  const button = document.createElement("button")
  const image = document.createElement("img")
  button.type = "button"
  button.dataset.name = name
  button.title = name.replaceAll("-", " ")
  image.src = picture
  image.alt = button.title
  button.append(image)
  return button
}
