// The paper's own Figure 7 above ours, in paper style: pictures to look at, with no value to read. Read before viewer.js.

function theirRows({ source, titles, rows }, columns, missing, colours, place) {
  const shown = [...columns, ...missing].filter(({ key }) => key in titles)
  const nodes = rows.map(({ name, panels }) => {
    const row = element("div", "printed-row")
    const cells = [element("figure", "cell original", `<div class="panel unprinted"><span>photograph not printed here</span></div><figcaption><b class="printed-name">${escape(name)}</b></figcaption>`)]
    cells.push(...shown.map(({ key }) => theirCell(panels[key], titles[key], colours, place(key))))
    row.append(...cells)
    return row
  })
  const head = element("p", "whose", `<b>The paper’s Figure 7</b> <span>${escape(source)}</span>`)
  return [head, ...nodes, element("p", "whose", "<b>Ours</b>")]
}

function theirCell({ cells, levels }, title, colours, order) {
  const values = floats(levels)
  const even = axis({ centres: Array.from({ length: cells }, (_, cell) => cell), resolution: cells, cells }, true, false)
  const colour = lut(colours, 1, "opaque")
  const pixels = Uint32Array.from(levelled(resample(values, even), 0, 1), (level) => colour[level])
  const canvas = Object.assign(document.createElement("canvas"), { width: GRID, height: GRID })
  canvas.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(pixels.buffer), GRID, GRID), 0, 0)
  const node = element("figure", "cell", `<div class="panel printed" role="img"></div><figcaption>${escape(title)}</figcaption>`)
  node.firstChild.setAttribute("aria-label", `The paper's map: ${title}`)
  node.firstChild.append(canvas)
  node.style.order = order
  return node
}
