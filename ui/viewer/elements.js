// Elements, words and numbers for the viewer. Read before viewer.js, into one module.

function part(context, source, { scale, left, top }, side) {
  const [width, height] = [source.naturalWidth ?? source.width, source.naturalHeight ?? source.height]
  context.drawImage(source, left * width, top * height, width / scale, height / scale, 0, 0, side, side)
}

function head({ label, coefficients, cost, note, provenance, fingerprint }, digit) {
  const node = element("div", "head", `<b><kbd>${digit}</kbd>${escape(label)}</b><span>${escape(coefficients)}</span><span>${escape(cost)}</span>`)
  node.append(element("span", "provenance", escape(provenance)))
  if (note) node.append(element("span", "note", escape(note)))
  node.title = `${provenance}${note ? ` (${note})` : ""}; sha256 ${fingerprint}…`
  return node
}

function missingHead({ label }) {
  return element("div", "head missing", `<b>${escape(label)}</b><span>not shown</span>`)
}

function element(tag, className, html = "") {
  const node = document.createElement(tag)
  node.className = className
  node.innerHTML = html
  return node
}

function escape(words) {
  const characters = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }
  return String(words).replace(/[&<>"]/g, (character) => characters[character])
}

function isNear(node) {
  const { top, bottom } = node.getBoundingClientRect()
  return bottom > -300 && top < innerHeight + 300
}

function within(panel, event) {
  const box = panel.getBoundingClientRect()
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]
}

// Whether a colour #rrggbb is darker than middle grey.
function isDark(colour) {
  const [red, green, blue] = colour.trim().slice(1).match(/../g)?.map((digits) => parseInt(digits, 16)) ?? [255, 255, 255]
  return 0.3 * red + 0.59 * green + 0.11 * blue < 128
}

function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value))
}

function percent(share) {
  return share > 0 && share < 0.01 ? "< 1 %" : `${Math.round(share * 100)} %`
}

function number(value) {
  const size = Math.abs(value)
  const words = size === 0 ? "0" : size < 0.01 ? value.toExponential(1) : size < 10 ? value.toFixed(2) : value.toFixed(1)
  return words.replace("-", "−")
}

// The look of a shared link where one was followed, else the one used last in this tab.
function restoredLook() {
  const link = new URLSearchParams(location.search).get("look")
  const kept = sessionStorage.getItem("followed") === link ? sessionStorage.getItem("look") : link
  sessionStorage.setItem("followed", link ?? "")
  return { ...DEFAULTS, ...accepted(kept ?? sessionStorage.getItem("look")) }
}

function accepted(text) {
  const choices = { colours: ["inferno", "viridis", "cividis", "diverging", "jet"], scale: ["map", "row"] }
  try {
    return Object.fromEntries(Object.entries(JSON.parse(text) ?? {}).filter(([name, value]) => {
      if (choices[name]) return choices[name].includes(value)
      if (name === "opacity" || name === "contour") return value >= 0 && value <= 1
      return name in DEFAULTS && typeof value === "boolean"
    }))
  } catch {
    return {}
  }
}
