// Words and numbers as text on the page.

/** @param {unknown} words */
export function escape(words) {
  const characters = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }
  return String(words).replace(/[&<>"]/g, (character) => characters[/** @type {keyof typeof characters} */ (character)])
}

/** @param {number} value @param {number} low @param {number} high */
export function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value))
}

/** @param {number} share in [0, 1] */
export function percent(share) {
  return share > 0 && share < 0.01 ? "< 1 %" : `${Math.round(share * 100)} %`
}

/** @param {number} value */
export function number(value) {
  const size = Math.abs(value)
  const words = size === 0 ? "0" : size < 0.01 ? value.toExponential(1) : size < 10 ? value.toFixed(2) : value.toFixed(1)
  return words.replace("-", "−")
}
