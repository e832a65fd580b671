// A component of the app in a page without Streamlit: its own HTML and styles behind a shadow root, as Streamlit does it.

const COMPONENTS = new URL("../../components/", import.meta.url)

/** Put a component's HTML and styles into an element. @param {HTMLElement} host @param {string} name @returns {Promise<HTMLElement>} what its code takes for its parent */
export async function furnished(host, name) {
  const [html, css] = await Promise.all(["html", "css"].map((suffix) => text(new URL(`${name}/${name}.${suffix}`, COMPONENTS))))
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(css)
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" })
  root.adoptedStyleSheets = [sheet]
  root.innerHTML = html
  return /** @type {any} */ (root)
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
