// A component of the app in a page without Streamlit: its HTML and styles are in a shadow root, as in Streamlit.

const COMPONENTS = new URL("../../components/", import.meta.url)

/** Put a component's HTML and styles into an element. @param {HTMLElement} host @param {string} name @returns {Promise<HTMLElement>} the parent for its code */
export async function furnished(host, name) {
  const [html, sheet] = await Promise.all([text(new URL(`${name}/${name}.html`, COMPONENTS)), sheetOf(new URL(`${name}/${name}.css`, COMPONENTS))])
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" })
  root.adoptedStyleSheets = [sheet]
  root.innerHTML = html
  return /** @type {any} */ (root)
}

/** HTML of the site with the styles of a component and those that the page adds. @param {HTMLElement} host @param {string} name @param {HTMLTemplateElement} template */
export async function styled(host, name, template) {
  const sheets = await Promise.all([new URL(`${name}/${name}.css`, COMPONENTS), new URL("lesson.css", import.meta.url)].map(sheetOf))
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" })
  root.adoptedStyleSheets = sheets
  root.replaceChildren(template.content.cloneNode(true))
  return /** @type {any} */ (root)
}

/** @param {URL} address */
async function sheetOf(address) {
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(await text(address))
  return sheet
}

/** A single step of the story. @param {HTMLElement} host @param {string} step its class */
export async function storyStep(host, step) {
  const root = await furnished(host, "story")
  for (const node of root.querySelectorAll(".story > *")) if (!node.classList.contains(step)) node.remove()
  return root.querySelector(`.${step}`)
}

/** @param {URL} address */
async function text(address) {
  const answer = await fetch(address)
  if (!answer.ok) throw new Error(`${address.pathname} is missing on this site`)
  return answer.text()
}

/** @param {string} address relative to the page @returns {Promise<any>} */
export async function json(address) {
  return JSON.parse(await text(new URL(address, document.baseURI)))
}
