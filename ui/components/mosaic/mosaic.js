// A mosaic and the evidence of every network on it; a click on a tile explains that tile's class, without the server.

import { percent } from "../shared/words.js"

/** @param {Component<MosaicData>} component */
export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".mosaic")
  const state = { tile: Math.min(+(root.dataset.tile ?? 0), data.classes.length - 1) }
  /** @param {number} tile */
  const choose = (tile) => {
    state.tile = tile
    root.dataset.tile = tile
    draw(root, data, state.tile, choose)
    root.querySelectorAll(".original .tile")[tile].focus()
  }
  draw(root, data, state.tile, choose)
}

/** @param {HTMLElement} root @param {MosaicData} data @param {number} tile @param {(tile: number) => void} choose */
function draw(root, data, tile, choose) {
  const original = root.querySelector(".original")
  frame(original.querySelector(".frame"), data, data.picture, data.classes.map((name, index) => {
    const button = document.createElement("button")
    button.type = "button"
    button.className = index === tile ? "tile target" : "tile"
    button.setAttribute("aria-pressed", String(index === tile))
    button.append(chip(name))
    button.onclick = () => choose(index)
    return button
  }))
  original.querySelector("figcaption").replaceChildren(bold("The mosaic"), faint(`explains ${data.classes[tile]}`))
  root.querySelector(".variants").replaceChildren(...data.variants.map((one) => variant(one, data, tile)))
}

/** @param {MosaicVariant} variant @param {MosaicData} data @param {number} tile */
function variant({ label, colour, pictures, shares }, data, tile) {
  const figure = document.createElement("figure")
  const picture = document.createElement("div")
  picture.className = "frame"
  picture.setAttribute("role", "img")
  const own = shares[tile][tile]
  picture.setAttribute("aria-label", `${label}: ${percent(own)} of the evidence for ${data.classes[tile]} on its own tile`)
  frame(picture, data, pictures[tile], shares[tile].map((share, index) => {
    const place = document.createElement("div")
    place.className = index === tile ? "tile target" : "tile"
    place.append(chip(percent(share)))
    return place
  }))
  const caption = document.createElement("figcaption")
  caption.append(bold(label), faint(`${percent(own)} on its own tile, chance ${percent(1 / shares.length)}`), bar(own, 1 / shares.length, colour))
  figure.append(picture, caption)
  return figure
}

/** @param {HTMLElement} node @param {MosaicData} data @param {string} picture @param {HTMLElement[]} tiles */
function frame(node, { rows, columns }, picture, tiles) {
  node.style.backgroundImage = `url("${picture}")`
  node.style.gridTemplate = `repeat(${rows}, 1fr) / repeat(${columns}, 1fr)`
  node.replaceChildren(...tiles)
}

/** @param {number} share @param {number} chance @param {string} colour */
function bar(share, chance, colour) {
  const node = document.createElement("div")
  const fill = document.createElement("i")
  const mark = document.createElement("u")
  node.className = "bar"
  fill.style.width = `${share * 100}%`
  fill.style.background = colour
  mark.style.left = `${chance * 100}%`
  mark.title = "chance"
  node.append(fill, mark)
  return node
}

/** @param {string} words */
function chip(words) {
  const node = document.createElement("span")
  node.textContent = words
  return node
}

/** @param {string} words */
function bold(words) {
  const node = document.createElement("b")
  node.textContent = words
  return node
}

/** @param {string} words */
function faint(words) {
  const node = document.createElement("span")
  node.className = "faint"
  node.textContent = words
  return node
}
