// The odds of blind guessing.

/** The probability that ``right`` or more of ``rounds`` guesses among ``choices`` are right by luck. @param {number} right @param {number} rounds @param {number} choices */
export function byLuck(right, rounds, choices) {
  let sum = 0, ways = 1
  for (let hits = 0; hits <= rounds; hits++) {
    if (hits >= right) sum += ways * (1 / choices) ** hits * (1 - 1 / choices) ** (rounds - hits)
    ways *= (rounds - hits) / (hits + 1)
  }
  return Math.min(1, sum)
}

/** The numbers from 0 in random order. @param {number} count @param {() => number} [random] in [0, 1) */
export function shuffled(count, random = Math.random) {
  const order = Array.from({ length: count }, (_, place) => place)
  for (let place = count - 1; place > 0; place--) {
    const other = Math.floor(random() * (place + 1))
    ;[order[place], order[other]] = [order[other], order[place]]
  }
  return order
}
