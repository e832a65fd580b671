// The figure: rows of photographs, a panel for the original and one for every variant, drawn from raw maps.
// Nothing here asks the server: opacity, colours, scale, zoom, cross-hair, contour, swipe and difference are display choices.

const DEFAULTS = {
  opacity: 0.7, colours: "inferno", scale: "map", signed: null, difference: false, contour: 0,
  cells: false, halfPixel: false, paper: false, theirs: true,
}
const viewers = new WeakMap()

export default function (component) {
  const { parentElement } = component
  if (!viewers.has(parentElement)) viewers.set(parentElement, new Viewer(parentElement))
  const viewer = viewers.get(parentElement)
  viewer.show(component.data, component.setTriggerValue)
  return () => {
    viewer.stop()
    viewers.delete(parentElement)
  }
}

class Viewer {
  constructor(parent) {
    this.root = parent.querySelector(".viewer")
    this.look = restoredLook()
    this.zooms = new Map() // digest -> {scale, left, top} of the part shown, in widths of the image
    this.pictures = new Map() // data URL -> image
    this.at = { row: 0, column: 1 } // the panel that keys act on
    this.stage = this.root.querySelector(".stage")
    this.swipe = { on: false, other: 1, divide: 0.5 }
    this.listenToTools()
    this.listenToStage()
    this.onkey = (event) => this.key(event)
    document.addEventListener("keydown", this.onkey)
    this.onscroll = () => this.waiting?.some(isNear) && this.draw()
    document.addEventListener("scroll", this.onscroll, { capture: true, passive: true })
    this.resized = new ResizeObserver(() => this.draw())
    this.resized.observe(this.root)
    this.density = matchMedia(`(resolution: ${devicePixelRatio}dppx)`)
    this.density.onchange = () => this.draw()
  }

  stop() {
    document.removeEventListener("keydown", this.onkey)
    document.removeEventListener("scroll", this.onscroll, { capture: true })
    this.resized.disconnect()
    cancelAnimationFrame(this.frame)
  }

  show(data, trigger) {
    this.trigger = trigger
    if (data.scene !== this.scene && data.scene) this.look = { ...DEFAULTS, ...accepted(data.look) }
    this.scene = data.scene
    this.root.classList.toggle("lecture", data.lecture)
    this.root.style.colorScheme = isDark(getComputedStyle(this.root).getPropertyValue("--st-background-color")) ? "dark" : "light"
    const text = JSON.stringify([data.rows, data.columns, data.missing, data.unit, data.own])
    if (text === this.text) return this.draw()
    this.text = text
    this.data = data
    this.luts = Object.fromEntries(Object.entries(data.colours).map(([name, rgb]) => [name, bytes(rgb)]))
    this.rows = data.rows.map((row) => ({ ...row, maps: cut(floats(row.maps), data.columns) }))
    this.cache = new Map()
    this.at.row = Math.min(this.at.row, this.rows.length - 1)
    this.at.column = Math.min(this.at.column, data.columns.length)
    this.build()
    this.loadPictures()
    this.paintNow()
  }

  // ------------------------------------------------------------------------------------------------------- elements

  build() {
    const focused = this.root.getRootNode().activeElement?.closest?.(".panel")
    const columns = this.data.columns
    this.root.style.setProperty("--columns", columns.length + 1 + this.data.missing.length)
    const heads = [this.sourcesHead()]
    heads.push(...columns.map((column, index) => head(column, index + 1)), ...this.data.missing.map(missingHead))
    this.order(heads)
    this.root.querySelector(".heads").replaceChildren(...heads)
    const place = (key) => this.data.order.indexOf(key) + 1
    this.root.querySelector(".theirs").replaceChildren(...theirRows(this.data.theirs, columns, this.data.missing, this.luts.jet, place))
    this.root.querySelector(".rows").replaceChildren(...this.rows.map((row, index) => this.buildRow(row, index)))
    if (focused) this.panel(this.at.row, this.at.column).focus({ preventScroll: true })
    if (this.stage.open) this.openStage()
  }

  // Variants that are missing keep their place among the others.
  order([, ...nodes]) {
    const keys = [...this.data.columns, ...this.data.missing].map(({ key }) => key)
    nodes.forEach((node, index) => (node.style.order = this.data.order.indexOf(keys[index]) + 1))
  }

  sourcesHead() {
    const node = element("div", "head original", `<button type="button" aria-expanded="false">Where the weights come from</button>`)
    const button = node.firstChild
    const shown = () => button.setAttribute("aria-expanded", this.root.classList.contains("sources"))
    button.onclick = () => shown(this.root.classList.toggle("sources"))
    shown()
    return node
  }

  buildRow(row, index) {
    const node = element("div", this.zoom(index).scale > 1 ? "row zoomed" : "row")
    node.setAttribute("role", "group")
    node.setAttribute("aria-label", row.name)
    const cells = [this.buildCell(row, index, 0), ...this.data.columns.map((_, column) => this.buildCell(row, index, column + 1))]
    const missing = this.data.missing.map((one) => element("div", "cell missing", `<span>${escape(one.words)}</span>`))
    this.order([...cells, ...missing])
    node.append(...cells, ...missing)
    return node
  }

  buildCell(row, index, column) {
    const cell = element("figure", column ? "cell" : "cell original")
    const panel = element("div", "panel", `<canvas></canvas><i class="cross"></i><output class="chip"></output>`)
    panel.dataset.row = index
    panel.dataset.column = column
    panel.tabIndex = index === this.at.row && column === this.at.column ? 0 : -1
    panel.setAttribute("role", "button")
    panel.setAttribute("aria-label", this.words(index, column))
    this.listenToPanel(panel, index, column)
    const caption = column ? this.variantCaption(row, column - 1) : this.originalCaption(row)
    cell.append(panel, caption)
    if (!column) cell.append(this.wholeButton(index))
    return cell
  }

  wholeButton(index) {
    const button = element("button", "whole", "Whole image")
    button.type = "button"
    button.onclick = () => this.moveTo(index, { scale: 1, left: 0, top: 0 })
    return button
  }

  originalCaption(row) {
    const caption = element("figcaption", "", `<b class="name" title="${escape(row.name)}">${escape(row.name.replaceAll("-", " "))}</b>`)
    const { explained, against } = row.panels[0]
    const words = this.data.own ? "each its own class" : against ? `${explained} rather than ${against}` : explained
    caption.append(element("span", "explained", `explains <em>${escape(words)}</em>`), element("div", "scale"))
    if (this.rows.length > 1) {
      const close = element("button", "remove", "✕")
      close.type = "button"
      close.title = `Take ${row.name} away`
      close.setAttribute("aria-label", close.title)
      close.onclick = () => this.trigger("remove", row.digest)
      caption.append(close)
    }
    return caption
  }

  variantCaption(row, column) {
    const panel = row.panels[column]
    const { label, coefficients, note } = this.data.columns[column]
    const facts = [coefficients, note].filter(Boolean).map(escape).join(" · ")
    const caption = element("figcaption", "", `<b class="label">${escape(label)}</b><span class="facts">${facts}</span>`)
    const top = `<span class="top" title="Its first guess: ${escape(panel.top)}">${escape(panel.top)}</span> <span class="p">${percent(panel.topProbability)}</span>`
    caption.append(element("div", panel.right ? "guess right" : "guess", top), element("div", "scale"))
    if (!panel.right) caption.append(element("div", "shown", `${escape(panel.explained)} ${percent(panel.probability)}`))
    return caption
  }

  words(row, column) {
    const { name, panels } = this.rows[row]
    if (!column) return `${name}, the photograph`
    const { top, topProbability, explained } = panels[column - 1]
    return `${name}, ${this.data.columns[column - 1].label}: map of ${explained}; first guess ${top}, ${percent(topProbability)}`
  }

  panel(row, column) {
    return this.root.querySelector(`.panel[data-row="${row}"][data-column="${column}"]`)
  }

  loadPictures() {
    for (const { picture } of this.rows) {
      if (this.pictures.has(picture)) continue
      const image = new Image()
      image.onload = () => this.draw()
      image.src = picture
      this.pictures.set(picture, image)
    }
    const used = new Set(this.rows.map((row) => row.picture))
    for (const url of this.pictures.keys()) if (!used.has(url)) this.pictures.delete(url)
  }

  // ----------------------------------------------------------------------------------------------------- maps to pixels

  remember(key, compute) {
    if (!this.cache.has(key)) this.cache.set(key, compute())
    return this.cache.get(key)
  }

  signed() {
    return !this.paper() && (this.look.difference || (this.look.signed ?? this.rows.some((row) => row.panels[0].against)))
  }

  paper() {
    return this.look.paper && !this.look.difference
  }

  axis(column) {
    const { halfPixel, cells } = this.look
    const half = halfPixel || this.paper()
    return this.remember(`axis ${column} ${half} ${cells}`, () => axis(this.data.columns[column], half, cells))
  }

  // Values of one map on the grid; in the difference, minus those of the first column at the same places.
  values(row, column) {
    const { halfPixel, cells, difference } = this.look
    return this.remember(`values ${row} ${column} ${halfPixel || this.paper()} ${cells} ${difference}`, () => {
      const own = resample(this.rows[row].maps[column], this.axis(column))
      if (!difference) return own
      const base = resample(this.rows[row].maps[0], this.axis(0))
      return own.map((value, place) => value - base[place])
    })
  }

  // The raw values drawn as the two ends of the colours, as in cam.colours.display_scale.
  limits(row, column) {
    const shared = this.look.scale === "row" && this.data.unit && !this.paper()
    const columns = shared ? this.data.columns.keys() : [column]
    let low = Infinity, high = -Infinity
    for (const one of columns) {
      const [least, most] = this.extent(row, one)
      low = Math.min(low, least)
      high = Math.max(high, most)
    }
    if (this.paper()) return [low, high]
    const most = Math.max(-low, high)
    if (this.look.difference && most < 1e-3 * this.largest(row)) return [0, 0]
    return this.signed() ? [-most, most] : [0, Math.max(0, high)]
  }

  largest(row) {
    return this.remember(`largest ${row}`, () => Math.max(...extent(this.rows[row].maps[0]).map(Math.abs)))
  }

  extent(row, column) {
    if (!this.look.difference) return this.remember(`extent ${row} ${column}`, () => extent(this.rows[row].maps[column]))
    const { halfPixel, cells } = this.look
    return this.remember(`difference ${row} ${column} ${halfPixel} ${cells}`, () => extent(this.values(row, column)))
  }

  lut() {
    const name = this.paper() ? "jet" : this.signed() ? "diverging" : this.look.colours
    const opacity = this.paper() ? 1 : this.look.hidden ? 0 : this.look.opacity
    const key = `lut ${name} ${opacity} ${this.signed()} ${this.paper()}`
    return this.remember(key, () => lut(this.luts[name], opacity, this.paper() ? "opaque" : this.signed() || name === "diverging" ? "signed" : "positive"))
  }

  overlay(row, column) {
    const [low, high] = this.limits(row, column)
    const values = this.values(row, column)
    const centred = this.look.colours === "diverging" && !this.signed() && !this.paper()
    const from = centred ? -high : low
    const { halfPixel, cells, difference } = this.look
    const levels = this.remember(`levels ${row} ${column} ${from} ${high} ${halfPixel || this.paper()} ${cells} ${difference}`, () => levelled(values, from, high))
    const canvas = this.remember(`canvas ${row} ${column}`, () => Object.assign(document.createElement("canvas"), { width: GRID, height: GRID }))
    const colours = this.lut()
    if (canvas.levels !== levels || canvas.colours !== colours) {
      const pixels = new Uint32Array(GRID * GRID)
      for (let place = 0; place < pixels.length; place++) pixels[place] = colours[levels[place]]
      canvas.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(pixels.buffer), GRID, GRID), 0, 0)
      Object.assign(canvas, { levels, colours })
    }
    return canvas
  }

  contour(row, column) {
    const [, high] = this.limits(row, column)
    const threshold = high * this.look.contour
    const { halfPixel, cells, difference } = this.look
    if (!this.look.contour || !(high > 0)) return null
    return this.remember(`contour ${row} ${column} ${threshold} ${halfPixel || this.paper()} ${cells} ${difference}`, () =>
      isoline(this.values(row, column), threshold))
  }

  // --------------------------------------------------------------------------------------------------------- drawing

  draw() {
    cancelAnimationFrame(this.frame)
    this.frame = requestAnimationFrame(() => this.paintNow())
  }

  // Rows far outside the window wait until they are scrolled into view.
  paintNow() {
    if (!this.rows) return
    this.updateTools()
    const nodes = [...this.root.querySelectorAll(".row")]
    this.waiting = nodes.filter((node) => !isNear(node))
    nodes.forEach((node, row) => this.waiting.includes(node) || this.paintRow(node, row))
    if (this.stage.open) this.paintStage()
    this.root.dataset.drawn = (+this.root.dataset.drawn || 0) + 1
  }

  paintRow(node, row) {
    for (const canvas of node.querySelectorAll("canvas")) this.paint(canvas, row, +canvas.parentElement.dataset.column)
    this.paintScales(node, row)
  }

  // The photograph as a row shows it, scaled once for all panels.
  photograph(row, side) {
    const picture = this.pictures.get(this.rows[row].picture)
    if (!picture?.complete) return null
    const zoom = this.zoom(row)
    const kept = this.remember(`photograph ${row} ${side}`, () => Object.assign(document.createElement("canvas"), { width: side, height: side }))
    if (kept.zoom !== zoom || kept.picture !== picture) {
      const context = kept.getContext("2d")
      context.imageSmoothingQuality = "high"
      part(context, picture, zoom, side)
      Object.assign(kept, { zoom, picture })
    }
    return kept
  }

  paint(canvas, row, column, clip = [0, 1]) {
    const side = Math.round(canvas.clientWidth * devicePixelRatio)
    if (!side) return
    if (clip[0] === 0 && (canvas.width !== side || canvas.height !== side)) canvas.width = canvas.height = side
    const context = canvas.getContext("2d")
    const zoom = this.zoom(row)
    context.save()
    context.beginPath()
    context.rect(clip[0] * side, 0, (clip[1] - clip[0]) * side, side)
    context.clip()
    if (clip[0] === 0) context.clearRect(0, 0, side, side)
    const photograph = this.photograph(row, side)
    if (photograph) context.drawImage(photograph, 0, 0)
    if (column) this.paintMap(context, row, column - 1, zoom, side)
    context.restore()
  }

  paintMap(context, row, column, zoom, side) {
    const [low, high] = this.limits(row, column)
    if (!(low < high)) return
    context.imageSmoothingEnabled = !this.look.cells
    part(context, this.overlay(row, column), zoom, side)
    const path = this.contour(row, column)
    if (!path) return
    context.setTransform(side * zoom.scale, 0, 0, side * zoom.scale, -zoom.left * side * zoom.scale, -zoom.top * side * zoom.scale)
    for (const [colour, width] of [["#000a", 3.4], ["#fff", 1.6]]) {
      context.strokeStyle = colour
      context.lineWidth = (width * devicePixelRatio) / (side * zoom.scale)
      context.stroke(path)
    }
  }

  paintScales(node, row) {
    const shared = this.look.scale === "row" && this.data.unit && !this.paper()
    node.querySelectorAll(".scale").forEach((scale, column) => {
      const wanted = shared ? column === 0 : column > 0
      scale.replaceChildren(...(wanted ? this.bar(row, Math.max(0, column - 1)) : []))
    })
  }

  bar(row, column) {
    const [low, high] = this.limits(row, column)
    if (this.look.difference && !(low < high)) return [element("span", "", "no difference")]
    const stops = this.lut()
    const ends = Array.from({ length: 17 }, (_, index) => {
      const colour = stops[Math.min(255, index * 16)]
      return `rgb(${colour & 255} ${(colour >> 8) & 255} ${(colour >> 16) & 255})`
    })
    const half = this.look.colours === "diverging" && !this.signed() && !this.paper()
    const colours = half ? ends.slice(8) : ends
    const strip = element("i", "strip")
    strip.style.background = `linear-gradient(to right, ${colours.join()})`
    const unit = this.data.unit ? ` ${this.data.unit}` : ""
    return [element("span", "", number(low)), strip, element("span", "", number(high) + unit)]
  }

  // -------------------------------------------------------------------------------------------------- zoom and cross-hair

  zoom(row) {
    const { digest } = this.rows[row]
    if (!this.zooms.has(digest)) this.zooms.set(digest, { scale: 1, left: 0, top: 0 })
    return this.zooms.get(digest)
  }

  zoomBy(row, factor, u = 0.5, v = 0.5) {
    const zoom = this.zoom(row)
    const scale = Math.min(16, Math.max(1, zoom.scale * factor))
    const [x, y] = [zoom.left + u / zoom.scale, zoom.top + v / zoom.scale]
    this.moveTo(row, { scale, left: x - u / scale, top: y - v / scale })
  }

  moveTo(row, { scale, left, top }) {
    const most = 1 - 1 / scale
    this.zooms.set(this.rows[row].digest, { scale, left: clamp(left, 0, most), top: clamp(top, 0, most) })
    this.root.querySelectorAll(".row")[row].classList.toggle("zoomed", scale > 1)
    this.draw()
  }

  pan(row, right, down) {
    const zoom = this.zoom(row)
    this.moveTo(row, { ...zoom, left: zoom.left - right / zoom.scale, top: zoom.top - down / zoom.scale })
  }

  point(row, u, v) {
    const node = this.root.querySelectorAll(".row")[row]
    const zoom = this.zoom(row)
    this.pointed = { row, x: zoom.left + u / zoom.scale, y: zoom.top + v / zoom.scale, u, v }
    node.classList.add("pointing")
    node.style.setProperty("--u", `${u * 100}%`)
    node.style.setProperty("--v", `${v * 100}%`)
    node.querySelectorAll(".chip").forEach((chip, column) => (chip.textContent = this.reading(row, column)))
    if (this.stage.open) this.readStage()
  }

  unpoint(row) {
    this.root.querySelectorAll(".row")[row]?.classList.remove("pointing")
  }

  reading(row, column) {
    const { x, y } = this.pointed
    if (!column) return `${Math.round(x * 100)} %, ${Math.round(y * 100)} %`
    const place = Math.min(GRID - 1, Math.floor(y * GRID)) * GRID + Math.min(GRID - 1, Math.floor(x * GRID))
    const value = this.values(row, column - 1)[place]
    return `${value > 0 ? "+" : ""}${number(value)}${this.data.unit ? ` ${this.data.unit}` : ""}`
  }

  listenToPanel(panel, row, column) {
    const fingers = new Map()
    let dragged = 0
    panel.onpointermove = (event) => {
      const [u, v] = within(panel, event)
      const before = fingers.get(event.pointerId)
      if (before && fingers.size === 2) this.pinch(row, fingers, event.pointerId, [u, v])
      else if (before && this.zoom(row).scale > 1) {
        dragged += Math.hypot(u - before[0], v - before[1])
        this.pan(row, u - before[0], v - before[1])
      }
      if (before) fingers.set(event.pointerId, [u, v])
      this.point(row, clamp(u, 0, 1), clamp(v, 0, 1))
    }
    panel.onpointerdown = (event) => {
      dragged = 0
      fingers.set(event.pointerId, within(panel, event))
      if (this.zoom(row).scale > 1) panel.setPointerCapture(event.pointerId)
    }
    panel.onpointerup = panel.onpointercancel = (event) => fingers.delete(event.pointerId)
    panel.onpointerleave = (event) => {
      fingers.delete(event.pointerId)
      this.unpoint(row)
    }
    panel.onfocus = () => this.moveFocus(row, column, false)
    panel.onclick = () => dragged < 0.02 && this.openStage(row, column)
    panel.addEventListener("wheel", (event) => this.wheel(event, panel, row), { passive: false })
  }

  pinch(row, fingers, moved, to) {
    const [still] = [...fingers].filter(([id]) => id !== moved).map(([, place]) => place)
    const from = fingers.get(moved)
    const factor = Math.hypot(to[0] - still[0], to[1] - still[1]) / (Math.hypot(from[0] - still[0], from[1] - still[1]) || 1)
    this.zoomBy(row, factor, (to[0] + still[0]) / 2, (to[1] + still[1]) / 2)
  }

  wheel(event, panel, row) {
    if (!event.ctrlKey && !event.metaKey) return
    event.preventDefault()
    this.zoomBy(row, Math.exp(-event.deltaY / 200), ...within(panel, event))
  }

  // ----------------------------------------------------------------------------------------------------------- tools

  listenToTools() {
    const tools = this.root.querySelector(".tools")
    tools.oninput = ({ target }) => {
      const value = target.type === "checkbox" ? target.checked : target.type === "range" ? +target.value : target.value
      this.change({ [target.name]: value })
    }
    tools.querySelector("[name=link]").onclick = () => this.copyLink()
    const help = this.root.querySelector(".help")
    tools.querySelector("[name=help]").onclick = () => help.showModal()
    help.querySelector("[name=close]").onclick = () => help.close()
  }

  change(what) {
    Object.assign(this.look, { hidden: false }, what)
    sessionStorage.setItem("look", JSON.stringify(this.look))
    this.draw()
  }

  updateTools() {
    const { unit } = this.data
    const locked = this.paper()
    const shown = { ...this.look, signed: this.signed(), scale: unit && !locked ? this.look.scale : "map" }
    for (const input of this.root.querySelectorAll(".tools input, .tools select")) {
      if (input.type === "checkbox") input.checked = shown[input.name]
      else if (input.type === "radio") input.checked = shown[input.name] === input.value
      else if (input.getRootNode().activeElement !== input || +input.value !== shown[input.name]) input.value = shown[input.name]
    }
    const off = (name, yes, why = "") => this.root.querySelectorAll(`.tools [name=${name}]`).forEach((input) => {
      if (input.tagName === "OUTPUT") return
      input.disabled = yes
      input.closest(".toggle, .choice label")?.classList.toggle("off", yes)
      if (why) input.parentElement.title = yes ? why : input.parentElement.title
    })
    this.root.querySelector(".theirs").hidden = !locked || !this.look.theirs
    this.root.querySelector(".tools [name=theirs]").closest("label").hidden = !locked
    off("opacity", locked)
    off("colours", locked || this.signed())
    off("signed", locked || this.look.difference || !this.data.signed)
    off("halfPixel", locked)
    off("difference", !unit || this.data.columns.length < 2, "Maps of this method have no unit, so they have no difference")
    this.root.querySelector('.tools [value="row"]').disabled = locked || !unit
    this.root.querySelector("output[name=contour]").textContent = this.look.contour ? percent(this.look.contour) : "off"
  }

  async copyLink() {
    const url = new URL(location.href)
    const changed = Object.entries(this.look).filter(([name, value]) => name in DEFAULTS && value !== DEFAULTS[name])
    url.searchParams.delete("look")
    if (changed.length) url.searchParams.set("look", JSON.stringify(Object.fromEntries(changed)))
    const left = this.data.uploads ? ` It leaves out what you uploaded (${this.data.uploads}).` : ""
    history.replaceState(history.state, "", url)
    try {
      await navigator.clipboard.writeText(url.href)
      this.say(`Link copied.${left}`)
    } catch {
      this.say(`The link is in the address bar.${left}`)
    }
  }

  say(words) {
    const said = this.root.querySelector(".said")
    said.textContent = words
    clearTimeout(this.quiet)
    this.quiet = setTimeout(() => (said.textContent = ""), 6000)
  }

  // ------------------------------------------------------------------------------------------------------------ keys

  key(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !this.rows) return
    const target = event.composedPath()[0]
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && target.type !== "checkbox" && target.type !== "radio") return
    if (target.isContentEditable || (!this.root.contains(target) && document.querySelector("[role=dialog]"))) return
    const inside = this.root.contains(target) && target.closest(".panel, .stage")
    if (this.act(event, Boolean(inside) || this.stage.open)) event.preventDefault()
  }

  act({ key, shiftKey, target }, inside) {
    const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }
    if (key === "?") return this.root.querySelector(".help").showModal() ?? true
    if (key === "o" || key === "O") return this.change({ hidden: !this.look.hidden }) ?? true
    if (/^\d$/.test(key) && +key <= this.data.columns.length) return this.moveFocus(this.at.row, +key) ?? true
    if (key === "+" || key === "=") return this.zoomBy(this.at.row, 1.5) ?? true
    if (key === "-") return this.zoomBy(this.at.row, 1 / 1.5) ?? true
    if (!inside) return false
    if (moves[key] && shiftKey) return this.moveCross(...moves[key]) ?? true
    if (moves[key]) return this.moveFocus(this.at.row + moves[key][0], this.at.column + moves[key][1]) ?? true
    if ((key === "Enter" || key === " ") && !this.stage.open) return this.openStage(this.at.row, this.at.column) ?? true
    if ((key === "s" || key === "S") && this.stage.open) return this.swiped({ on: !this.swipe.on }) ?? true
    return false
  }

  moveFocus(row, column, focus = true) {
    row = clamp(row, 0, this.rows.length - 1)
    column = clamp(column, 0, this.data.columns.length)
    this.at = { row, column }
    for (const panel of this.root.querySelectorAll(".rows .panel")) {
      panel.tabIndex = +panel.dataset.row === row && +panel.dataset.column === column ? 0 : -1
    }
    if (this.stage.open) this.paintStage()
    else if (focus) this.panel(row, column).focus()
  }

  moveCross(down, right) {
    const { row } = this.at
    const { u = 0.5, v = 0.5 } = this.pointed?.row === row ? this.pointed : {}
    this.point(row, clamp(u + right / 28, 0, 1), clamp(v + down / 28, 0, 1))
  }

  // ------------------------------------------------------------------------------------------- one photograph, large

  listenToStage() {
    const { stage } = this
    const panel = stage.querySelector(".panel")
    const named = (name) => stage.querySelector(`[name=${name}]`)
    named("close").onclick = () => stage.close()
    named("one").onchange = (event) => this.moveFocus(this.at.row, +event.target.value)
    named("other").onchange = (event) => this.swiped({ other: +event.target.value })
    named("swipe").onchange = (event) => this.swiped({ on: event.target.checked })
    named("divide").oninput = (event) => this.swiped({ divide: +event.target.value })
    panel.onpointermove = (event) => {
      const [u, v] = within(panel, event)
      if (event.buttons && this.swipe.on) this.swiped({ divide: clamp(u, 0, 1) })
      else if (event.buttons) this.pan(this.at.row, event.movementX / panel.clientWidth, event.movementY / panel.clientHeight)
      this.point(this.at.row, clamp(u, 0, 1), clamp(v, 0, 1))
    }
    panel.onpointerdown = (event) => panel.setPointerCapture(event.pointerId)
    panel.onpointerleave = () => this.unpoint(this.at.row)
    panel.addEventListener("wheel", (event) => this.wheel(event, panel, this.at.row), { passive: false })
    stage.onclick = (event) => event.target === stage && stage.close()
    stage.onclose = () => this.panel(this.at.row, this.at.column)?.focus()
  }

  openStage(row = this.at.row, column = this.at.column) {
    const options = [["The photograph", 0], ...this.data.columns.map((one, index) => [one.label, index + 1])]
    for (const name of ["one", "other"]) {
      this.stage.querySelector(`[name=${name}]`).replaceChildren(...options.map(([words, value]) => new Option(words, value)))
    }
    this.at = { row, column }
    if (!this.stage.open) {
      this.stage.showModal()
      this.stage.querySelector(".panel").focus()
    }
    this.swipe.other = Math.min(this.swipe.other, this.data.columns.length)
    this.paintStage()
  }

  swiped(what) {
    Object.assign(this.swipe, what)
    this.paintStage()
  }

  paintStage() {
    const { stage, swipe } = this
    const { row, column } = this.at
    const canvas = stage.querySelector("canvas")
    stage.classList.toggle("swiping", swipe.on)
    stage.querySelector(".title").textContent = this.rows[row].name.replaceAll("-", " ")
    stage.querySelector("[name=one]").value = column
    stage.querySelector("[name=other]").value = swipe.other
    stage.querySelector("[name=swipe]").checked = swipe.on
    stage.querySelector("[name=divide]").value = swipe.divide
    stage.style.setProperty("--divide", `${swipe.divide * 100}%`)
    this.paint(canvas, row, column)
    if (swipe.on) this.paint(canvas, row, swipe.other, [Math.max(1e-6, swipe.divide), 1])
    canvas.setAttribute("aria-label", this.words(row, column))
    this.readStage()
  }

  readStage() {
    const { row, column } = this.at
    const shown = this.swipe.on ? [column, this.swipe.other] : [column]
    const label = (one) => (one ? this.data.columns[one - 1].label : "The photograph")
    const facts = shown.map((one) => {
      const guess = one ? `: ${this.rows[row].panels[one - 1].top} ${percent(this.rows[row].panels[one - 1].topProbability)}` : ""
      const value = this.pointed?.row === row && one ? `, here ${this.reading(row, one)}` : ""
      return label(one) + guess + value
    })
    this.stage.querySelector(".reading").textContent = facts.join(" | ")
  }
}
