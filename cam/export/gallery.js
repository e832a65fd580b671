// Search, order, pages and one image large. Everything is built from text nodes: names are never read as HTML.

const PAGE = 48
const about = JSON.parse(document.getElementById("about").textContent)
const rows = JSON.parse(document.getElementById("rows").textContent).map((row, place) => entry(row, place))
const measures = Object.keys(about.measures)
const NONE_FITS = "none of the classes may fit"
const state = { filter: "all", words: "", measure: "", variant: 0, down: false, page: 0 }
let shown = rows

const $ = (id) => document.getElementById(id)

function entry([path, name, variants, reason, outside], place) {
  if (reason != null) return { path, name, place, error: variants, reason, text: `${path} ${variants} ${reason}`.toLowerCase() }
  const found = variants.map(([explained, probability, classes, probabilities, values]) => ({
    explained: about.classes[explained], probability, classes: classes.map((index) => about.classes[index]), probabilities, values,
  }))
  const classes = [...new Set(found.flatMap((one) => [one.explained, one.classes[0]]))]
  const disagree = new Set(found.map((one) => one.classes[0])).size > 1
  return { path, name, place, variants: found, disagree, outside, text: `${path} ${classes.join(" ")}`.toLowerCase() }
}

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties)
  made.append(...children)
  return made
}

const percent = (share) => (share >= 0.995 ? ">99 %" : share < 0.005 ? "<1 %" : `${Math.round(100 * share)} %`)
const number = (figure) => (figure == null ? "–" : Number(figure.toPrecision(3)).toString().replace("-", "−"))
const title = (name) => (name === "centre_shift" ? "shift of the centre" : name === "auroc" ? "AUROC" : name === "best_iou" ? "best IoU" : name.replaceAll("_", " "))
const address = (...parts) => parts.map(encodeURIComponent).join("/")
const kept = { all: () => true, disagree: (row) => row.disagree, outside: (row) => row.outside, failed: (row) => row.error }

function value(row, variant = state.variant) {
  if (row.error) return null
  const one = row.variants[variant]
  return state.measure === "probability" ? one.probability : one.values[measures.indexOf(state.measure)]
}

function choose() {
  const words = state.words.toLowerCase().split(/\s+/).filter(Boolean)
  shown = rows.filter((row) => kept[state.filter](row) && words.every((word) => row.text.includes(word)))
  const sign = state.down ? -1 : 1
  if (state.measure) {
    const values = new Map(shown.map((row) => [row, value(row)]))
    const order = (one, other) => {
      const [a, b] = [values.get(one), values.get(other)]
      return a == null || b == null ? Number(a == null) - Number(b == null) : sign * (a - b)
    }
    shown.sort((one, other) => order(one, other) || one.place - other.place)
  } else if (state.down) shown.reverse()
  state.page = 0
  draw()
}

function draw() {
  const pages = Math.max(1, Math.ceil(shown.length / PAGE))
  const part = shown.slice(state.page * PAGE, (state.page + 1) * PAGE)
  $("cards").replaceChildren(...part.map((row) => (row.error ? failed(row) : card(row))))
  if (!part.length) $("cards").append(element("p", { className: "nothing", textContent: "Nothing fits this search." }))
  $("count").textContent = `${shown.length.toLocaleString("en")} of ${rows.length.toLocaleString("en")} images`
  $("page").textContent = `Page ${state.page + 1} of ${pages}`
  $("previous").disabled = state.page === 0
  $("next").disabled = state.page === pages - 1
  document.querySelector(".pages").hidden = pages === 1
  $("of").hidden = !state.measure || about.variants.length === 1
  $("direction").textContent = state.down ? "Descending" : "Ascending"
  for (const button of document.querySelectorAll("[data-filter]")) button.setAttribute("aria-pressed", button.dataset.filter === state.filter)
}

function card(row) {
  const named = caption(row.path.split("/").pop(), row.path.split("/").slice(-2, -1))
  if (row.outside) named.append(element("span", { className: "caveat", textContent: "none may fit", title: NONE_FITS }))
  const captions = element("span", { className: "captions" }, named)
  row.variants.forEach((one, place) => {
    const seen = [one.classes[0], percent(one.probabilities[0])]
    captions.append(caption(about.variants[place].label, seen, state.measure ? [title(state.measure), number(value(row, place))] : []))
  })
  const image = element("img", { src: `thumbnails/${address(row.name)}.jpg`, alt: "", loading: "lazy", decoding: "async" })
  const made = element("button", { className: "card", title: row.path, onclick: () => open(row) }, image, captions)
  made.setAttribute("aria-label", row.path)
  made.style.setProperty("--panels", row.variants.length + 1)
  return made
}

// A caption's lines are words, which are cut where they are too long, and maybe a number, which is not.
function caption(strong, ...lines) {
  const made = element("span", {}, element("b", { textContent: strong, title: strong }))
  lines.filter((line) => line.length).forEach(([words, figure], place) => {
    const line = element("span", { className: place ? "quiet" : "", title: `${words} ${figure ?? ""}` }, element("span", { textContent: words }))
    if (figure) line.append(element("span", { textContent: figure }))
    made.append(line)
  })
  return made
}

function failed(row) {
  return element("div", { className: "card failed" }, element("b", { textContent: row.path }), `${row.error}: ${row.reason}`)
}

function open(row) {
  const pictures = shown.filter((one) => !one.error)
  const place = pictures.indexOf(row)
  const figure = about.write.includes("figure")
  const drawn = figure && about.format !== "pdf"
  const source = drawn ? `figures/${address(row.name)}.${about.format}` : `thumbnails/${address(row.name)}.jpg`
  $("name").textContent = row.path
  $("outside").textContent = row.outside ? `${NONE_FITS[0].toUpperCase()}${NONE_FITS.slice(1)}: the networks must choose one all the same.` : ""
  $("picture").replaceChildren(element("img", { src: source, alt: row.path }))
  $("files").replaceChildren(...files(row, figure))
  $("table").replaceChildren(...table(row))
  $("before").disabled = place <= 0
  $("after").disabled = place === pictures.length - 1
  $("before").onclick = () => open(pictures[place - 1])
  $("after").onclick = () => open(pictures[place + 1])
  if (!$("viewer").open) $("viewer").showModal()
}

function files(row, figure) {
  const links = []
  const add = (words, href) => links.push(links.length ? " · " : "", element("a", { href, textContent: words }))
  if (figure) add(`figure (${about.format})`, `figures/${address(row.name)}.${about.format}`)
  for (const kind of ["panels", "overlays"]) if (about.write.includes(kind)) add(kind, `${kind}/${address(row.name)}/`)
  if (about.write.includes("maps")) add("raw maps (npz)", `maps/${address(row.name)}.npz`)
  return links
}

function table(row) {
  const line = (name, cells, tag = "td") => element("tr", {}, element("th", { textContent: name, scope: "row" }), ...cells.map((words) => element(tag, { textContent: words })))
  const head = element("thead", {}, line("", about.variants.map((one) => one.label), "th"))
  const body = element("tbody", {}, line("class explained", row.variants.map((one) => `${one.explained} ${percent(one.probability)}`)))
  for (let place = 0; place < row.variants[0].classes.length; place += 1) {
    body.append(line(place ? "" : "most probable", row.variants.map((one) => `${one.classes[place]} ${percent(one.probabilities[place])}`)))
  }
  measures.forEach((name, place) => {
    if (row.variants.every((one) => one.values[place] == null)) return
    const made = line(title(name), row.variants.map((one) => number(one.values[place])))
    made.title = about.measures[name]
    body.append(made)
  })
  return [head, body]
}

function turn(step) {
  state.page += step
  draw()
  scrollTo({ top: 0 })
}

$("summary").textContent = about.summary
const present = measures.filter((_, place) => rows.some((row) => row.variants?.some((one) => one.values[place] != null)))
$("measure").append(...["", "probability", ...present].map((name) => element("option", { value: name, textContent: name ? title(name) : "name", title: about.measures[name] ?? "" })))
$("variant").append(...about.variants.map((one, place) => element("option", { value: place, textContent: one.label })))
$("weights").append(...about.variants.flatMap((one) => [
  element("dt", { textContent: one.label }),
  element("dd", {}, one.provenance, one.note ? element("span", { className: "caveat", textContent: ` (${one.note})` }) : ""),
]))
for (const button of document.querySelectorAll("[data-filter]")) {
  const name = button.dataset.filter
  const count = rows.filter(kept[name]).length
  button.textContent = { all: "All", disagree: `Variants differ ${count}`, outside: `None may fit ${count}`, failed: `Failed ${count}` }[name]
  button.hidden = name === "failed" || name === "outside" ? !count : name === "disagree" && about.variants.length === 1
  button.onclick = () => { state.filter = name; choose() }
}
$("search").oninput = (event) => { state.words = event.target.value; choose() }
$("measure").onchange = (event) => { state.measure = event.target.value; choose() }
$("variant").onchange = (event) => { state.variant = Number(event.target.value); choose() }
$("direction").onclick = () => { state.down = !state.down; choose() }
$("previous").onclick = () => turn(-1)
$("next").onclick = () => turn(1)
addEventListener("keydown", (event) => {
  if ($("viewer").open) {
    if (event.key === "ArrowLeft") $("before").click()
    if (event.key === "ArrowRight") $("after").click()
  } else if (event.key === "/" && document.activeElement !== $("search")) {
    event.preventDefault()
    $("search").focus()
  }
})
choose()
