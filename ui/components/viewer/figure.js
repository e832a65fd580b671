// The figure as elements: a head for each network, a row for each photograph, a panel and a caption for each map.

import { element } from "../shared/page.js"
import { escape, percent } from "../shared/words.js"
import { head, missingHead } from "./elements.js"
import { openStage } from "./large.js"
import { draw } from "./painting.js"
import { theirRows } from "./paper_figure.js"
import { listenToPanel, moveTo } from "./pointing.js"

/** @param {Viewer} viewer */
export function build(viewer) {
  const focused = /** @type {ShadowRoot} */ (viewer.root.getRootNode()).activeElement?.closest(".panel")
  const columns = viewer.data.columns
  viewer.root.style.setProperty("--columns", String(columns.length + 1 + viewer.data.missing.length))
  const heads = [sourcesHead(viewer)]
  heads.push(...columns.map((column, index) => head(column, index + 1)), ...viewer.data.missing.map(missingHead))
  putInOrder(viewer, heads)
  viewer.root.querySelector(".heads").replaceChildren(...heads)
  /** @param {string} key */
  const place = (key) => viewer.data.order.indexOf(key) + 1
  viewer.root.querySelector(".theirs").replaceChildren(...theirRows(viewer.data.theirs, columns, viewer.data.missing, viewer.luts.jet, place))
  viewer.root.querySelector(".rows").replaceChildren(...viewer.rows.map((row, index) => buildRow(viewer, row, index)))
  if (focused) viewer.panel(viewer.at.row, viewer.at.column)?.focus({ preventScroll: true })
  if (viewer.stage.open) openStage(viewer)
}

// Variants that are missing keep their place among the others.
/** @param {Viewer} viewer @param {HTMLElement[]} nodes */
export function putInOrder(viewer, [, ...nodes]) {
  const keys = [...viewer.data.columns, ...viewer.data.missing].map(({ key }) => key)
  nodes.forEach((node, index) => (node.style.order = String(viewer.data.order.indexOf(keys[index]) + 1)))
}

/** @param {Viewer} viewer */
export function sourcesHead(viewer) {
  const node = element("div", "head original")
  const button = element("button", "", "Where the weights come from")
  button.type = "button"
  button.setAttribute("aria-expanded", String(viewer.root.classList.contains("sources")))
  button.onclick = () => button.setAttribute("aria-expanded", String(viewer.root.classList.toggle("sources")))
  node.append(button)
  return node
}

/** @param {Viewer} viewer @param {Row} row @param {number} index */
export function buildRow(viewer, row, index) {
  const node = element("div", viewer.zoom(index).scale > 1 ? "row zoomed" : "row")
  node.setAttribute("role", "group")
  node.setAttribute("aria-label", row.name)
  const cells = [buildCell(viewer, row, index, 0), ...viewer.data.columns.map((_, column) => buildCell(viewer, row, index, column + 1))]
  const missing = viewer.data.missing.map((one) => element("div", "cell missing", `<span>${escape(one.words)}</span>`))
  putInOrder(viewer, [...cells, ...missing])
  node.append(...cells, ...missing)
  return node
}

/** @param {Viewer} viewer @param {Row} row @param {number} index @param {number} column */
export function buildCell(viewer, row, index, column) {
  const cell = element("figure", column ? "cell" : "cell original")
  const panel = element("div", "panel", `<canvas></canvas><i class="cross"></i><output class="chip"></output>`)
  panel.dataset.row = String(index)
  panel.dataset.column = String(column)
  panel.tabIndex = index === viewer.at.row && column === viewer.at.column ? 0 : -1
  panel.setAttribute("role", "button")
  panel.setAttribute("aria-label", viewer.words(index, column))
  listenToPanel(viewer, panel, index, column)
  const caption = column ? variantCaption(viewer, row, column - 1) : originalCaption(viewer, row)
  cell.append(panel, caption)
  if (!column) cell.append(wholeButton(viewer, index))
  return cell
}

/** @param {Viewer} viewer @param {number} index */
export function wholeButton(viewer, index) {
  const button = element("button", "whole", "Whole image")
  button.type = "button"
  button.onclick = () => moveTo(viewer, index, { scale: 1, left: 0, top: 0 })
  return button
}

/** @param {Viewer} viewer @param {Row} row */
export function originalCaption(viewer, row) {
  const caption = element("figcaption", "", `<b class="name" title="${escape(row.name)}">${escape(row.name.replaceAll("-", " "))}</b>`)
  const { explained, against } = row.panels[0]
  const words = viewer.data.own ? "each its own class" : against ? `${explained} rather than ${against}` : explained
  caption.append(element("span", "explained", `explains <em>${escape(words)}</em>`))
  if (row.outside) caption.append(outsideLine(viewer, row))
  caption.append(element("div", "scale"))
  if (viewer.rows.length > 1) {
    const close = element("button", "remove", "✕")
    close.type = "button"
    close.title = `Take ${row.name} away`
    close.setAttribute("aria-label", close.title)
    close.onclick = () => viewer.trigger("remove", row.digest)
    caption.append(close)
  }
  return caption
}

// That none of the classes may fit, and which study's do.
/** @param {Viewer} viewer @param {Row} row */
export function outsideLine(viewer, { outside, elsewhere }) {
  const line = element("div", "outside", `<span>${escape(outside)}</span>`)
  if (elsewhere) {
    const { study, title, seen } = elsewhere
    const button = element("button", "", `${escape(title)}: ${escape(seen)}`)
    button.type = "button"
    button.title = `Show the study ${title}, which sees ${seen} here`
    button.onclick = () => viewer.trigger("study", study)
    line.append(button)
  }
  return line
}

/** @param {Viewer} viewer @param {Row} row @param {number} column */
export function variantCaption(viewer, row, column) {
  const panel = row.panels[column]
  const { label, coefficients, note } = viewer.data.columns[column]
  const facts = [coefficients, note].filter(Boolean).map(escape).join(" · ")
  const caption = element("figcaption", "", `<b class="label">${escape(label)}</b><span class="facts">${facts}</span>`)
  if (panel.waiting) {
    caption.append(element("div", "waiting", escape(panel.waiting)), element("div", "scale"))
    return caption
  }
  const top = `<span class="top" title="Its first guess: ${escape(panel.top)}">${escape(panel.top)}</span> <span class="p">${percent(panel.topProbability)}</span>`
  caption.append(element("div", panel.right ? "guess right" : "guess", top), element("div", "scale"))
  if (!panel.right) caption.append(element("div", "shown", `${escape(panel.explained)} ${percent(panel.probability)}`))
  return caption
}

/** @param {Viewer} viewer */
export function loadPictures(viewer) {
  for (const { picture } of viewer.rows) {
    if (viewer.pictures.has(picture)) continue
    const image = new Image()
    image.onload = () => draw(viewer)
    image.src = picture
    viewer.pictures.set(picture, image)
  }
  const used = new Set(viewer.rows.map((row) => row.picture))
  for (const url of viewer.pictures.keys()) if (!used.has(url)) viewer.pictures.delete(url)
}
