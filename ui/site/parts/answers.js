// The networks' answers on a photograph: logits and the maps of all classes become the rows that the viewer draws.

/** The most probable class. @param {ArrayLike<number>} values */
export function best(values) {
  let place = 0
  for (let other = 1; other < values.length; other++) if (values[other] > values[place]) place = other
  return place
}

/** @param {Float32Array} logits of all classes, of which the photograph shows one */
export function softmax(logits) {
  const most = logits[best(logits)], shares = Float64Array.from(logits, (value) => Math.exp(value - most))
  const sum = shares.reduce((total, value) => total + value, 0)
  return shares.map((value) => value / sum)
}

// The class that most networks put first; among ties the one with the highest mean probability, as in cam.maps.targets.
/** @param {Answer[]} answers @returns {number} */
export function sharedClass(answers) {
  const votes = new Map()
  for (const { top } of answers) votes.set(top, (votes.get(top) ?? 0) + 1)
  const most = Math.max(...votes.values())
  const tied = [...votes.keys()].filter((one) => votes.get(one) === most).sort((one, other) => one - other)
  const sums = tied.map((one) => answers.reduce((sum, answer) => sum + (answer.probability(one) ?? 0), 0))
  return tied[best(sums)]
}

/** An answer with all classes. @param {Float32Array} logits @param {Float32Array} maps (K, h, w) @returns {Answer} */
export function whole(logits, maps) {
  const probabilities = softmax(logits), size = maps.length / logits.length
  return {
    logits,
    top: best(logits),
    probability: (index) => probabilities[index],
    map: (index) => maps.subarray(index * size, (index + 1) * size),
  }
}

// Whether none of the classes may fit, as in models.out_of_class: the networks' mean score is low, where a score is the largest
// logit in standard deviations from its mean.
/** @param {Record<string, Answer>} answers by the networks' keys @param {Record<string, Scale>} scales */
export function fitsNone(answers, scales) {
  const measured = Object.entries(answers).filter(([key, { logits }]) => scales[key] && logits)
  if (!measured.length) return false
  const scores = measured.map(([key, { top, logits }]) => (/** @type {Float32Array} */ (logits)[top] - scales[key].mean) / scales[key].deviation)
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length
  return mean < measured.reduce((sum, [key]) => sum + scales[key].threshold, 0) / measured.length
}

/** @param {Float32Array} values */
export function packed(values) {
  let text = ""
  for (const byte of new Uint8Array(values.buffer, values.byteOffset, values.byteLength)) text += String.fromCharCode(byte)
  return btoa(text)
}
