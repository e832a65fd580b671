// What one stage of a network puts out for a photograph: the photograph, the mean of all channels, and single ones.

import { element } from "../shared/page.js"

/** @param {Component<StageActivations>} component */
export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".activations")
  root.querySelector("h3").textContent = data.words
  root.querySelector(".maps").replaceChildren(
    panel("large", data.photograph, "what it sees", data.about),
    panel("large cells", data.mean, "all channels, mean size", `${data.about}: mean size of all channels’ answers`),
    ...data.channels.map(({ number, picture }) => panel("cells", picture, `channel ${number}`, `${data.about}: channel ${number}`)),
  )
}

/** @param {string} kind @param {string} picture @param {string} words @param {string} said */
function panel(kind, picture, words, said) {
  const figure = element("figure", kind)
  const image = document.createElement("img")
  if (kind.endsWith("cells")) image.className = "cells"
  image.src = picture
  image.alt = said
  const caption = element("figcaption", "")
  caption.textContent = words
  figure.append(image, caption)
  return figure
}
