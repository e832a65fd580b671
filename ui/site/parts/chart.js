// The lesson's figures as SVG: curves with the present cost in them, dots for each network, and the triangle of the search.

import { escape } from "../../components/shared/words.js"

const WIDTH = 560, HEIGHT = 300, LEFT = 46, RIGHT = 16, TOP = 24, BOTTOM = 42

/** @param {Pair} x @param {Pair} y */
function places([x0, x1], [y0, y1]) {
  return {
    /** @param {number} value */
    x: (value) => LEFT + ((value - x0) / (x1 - x0)) * (WIDTH - LEFT - RIGHT),
    /** @param {number} value */
    y: (value) => HEIGHT - BOTTOM - ((value - y0) / (y1 - y0)) * (HEIGHT - TOP - BOTTOM),
  }
}

/** @param {string} inside @param {string} label */
function drawing(inside, label) {
  return `<svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escape(label)}">${inside}</svg>`
}

/** Ticks of an axis in round steps, at most eight. @param {Pair} ends */
function ticks([low, high]) {
  const step = [0.5, 1, 2, 5, 10].find((one) => (high - low) / one <= 8) ?? 20
  return Array.from({ length: Math.floor(high / step) - Math.ceil(low / step) + 1 }, (_, place) => (Math.ceil(low / step) + place) * step)
}

/** @param {Pair} x @param {Pair} y @param {{ x: string, y: string }} titles */
function axes(x, y, titles) {
  const at = places(x, y), bottom = HEIGHT - BOTTOM
  const across = ticks(x).map((value) => `<text x="${at.x(value)}" y="${bottom + 18}" class="tick middle">${value}</text>`)
  const up = ticks(y).map((value) => `<path class="rule" d="M${LEFT},${at.y(value)}H${WIDTH - RIGHT}"/><text x="${LEFT - 8}" y="${at.y(value) + 4}" class="tick end">${value}</text>`)
  return `${up.join("")}${across.join("")}<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 6}" class="title middle">${escape(titles.x)}</text><text x="0" y="12" class="title">${escape(titles.y)}</text>`
}

/** One figure of the paper, and the present cost in it. @param {LessonData["curves"][string]} figure @param {{ x: string, y: string }} titles @param {Record<string, string>} colours @param {number} gflops */
export function curvesChart({ x, y, curves }, titles, colours, gflops) {
  const at = places(x, y), beyond = gflops > x[1], now = at.x(Math.min(gflops, x[1]))
  const lines = curves.map(({ key, gflops: costs, top1 }) => {
    const shown = costs.map((cost, place) => [at.x(cost), at.y(top1[place])]).filter(([left]) => left <= WIDTH - RIGHT + 1)
    const dots = shown.map(([left, top]) => `<circle cx="${left}" cy="${top}" r="4"/>`).join("")
    const met = interpolated(costs, top1, gflops)
    const ring = met === null ? "" : `<circle class="met" cx="${now}" cy="${at.y(met)}" r="8"/>`
    return `<g style="--colour:${colours[key]}"><polyline points="${shown.join(" ")}"/>${dots}${ring}</g>`
  })
  const words = `<text x="${now + (now > WIDTH * 0.7 ? -7 : 7)}" y="${TOP + 14}" class="now ${now > WIDTH * 0.7 ? "end" : ""}">now ${gflops < 10 ? gflops.toFixed(2) : gflops.toFixed(0)} G${beyond ? " →" : ""}</text>`
  const line = beyond ? "" : `<path class="present" d="M${now},${TOP}V${HEIGHT - BOTTOM}"/>`
  const legend = curves.map(({ key, label }) => `<span style="--colour:${colours[key]}">${escape(label)}</span>`).join("")
  return `${drawing(axes(x, y, titles) + line + lines.join("") + words, `${titles.y} against ${titles.x}`)}<p class="legend">${legend}</p>`
}

/** Linear interpolation of a curve; null outside it. @param {number[]} costs @param {number[]} top1 @param {number} at */
export function interpolated(costs, top1, at) {
  const after = costs.findIndex((cost, place) => place > 0 && costs[place - 1] <= at && at <= cost)
  if (after < 0) return null
  const share = (at - costs[after - 1]) / (costs[after] - costs[after - 1])
  return top1[after - 1] + (top1[after] - top1[after - 1]) * share
}

/** The phi that depth, width and resolution of each network would need. @param {Record<string, number[]>} rows @param {string[]} names @param {Record<string, string>} colours */
export function phiChart(rows, names, colours) {
  const keys = Object.keys(rows), most = Math.max(8, ...Object.values(rows).flat())
  const at = places([-0.6, keys.length - 0.4], [Math.min(-0.3, ...Object.values(rows).flat()), most])
  const columns = keys.map((key, place) => {
    const values = rows[key], x = at.x(place)
    const bar = `<path class="span" d="M${x},${at.y(Math.min(...values))}V${at.y(Math.max(...values))}"/>`
    const marks = values.map((value, dimension) => `<circle style="--colour:${colours[names[dimension]]}" class="mark" cx="${x + 5 * (dimension - 1)}" cy="${at.y(value)}" r="6"/>`)
    return `${bar}${marks.join("")}<text x="${x}" y="${HEIGHT - BOTTOM + 18}" class="tick middle">${escape(key)}</text>`
  })
  const up = [0, 2, 4, 6, 8].map((value) => `<path class="rule" d="M${LEFT},${at.y(value)}H${WIDTH - RIGHT}"/><text x="${LEFT - 8}" y="${at.y(value) + 4}" class="tick end">${value}</text>`)
  const legend = names.map((name) => `<span style="--colour:${colours[name]}">${name}</span>`).join("")
  return `${drawing(`${up.join("")}<text x="0" y="12" class="title">φ that the rule would need</text>${columns.join("")}`, "φ of depth, width and resolution of the released networks and the present one")}<p class="legend">${legend}</p>`
}

/** How the candidates of the search divide a doubled budget. @param {number[][]} candidates @param {number[] | null} papers @param {number[] | null} now @param {string[]} names @param {Record<string, string>} colours */
export function triangleChart(candidates, papers, now, names, colours) {
  const side = 270, height = (side * Math.sqrt(3)) / 2, left = (WIDTH - side) / 2, base = HEIGHT - 22
  /** @param {number[]} shares of depth, width and resolution */
  const place = ([depth, , resolution]) => [left + (resolution + depth / 2) * side, base - depth * height]
  const dots = candidates.map((one) => `<circle class="candidate" cx="${place(one)[0]}" cy="${place(one)[1]}" r="3.5"/>`)
  const star = papers ? `<circle style="--colour:${colours.compound}" class="mark" cx="${place(papers)[0]}" cy="${place(papers)[1]}" r="8"/>` : ""
  const present = now ? `<rect style="--colour:${colours.compound}" class="met" x="-8" y="-8" width="16" height="16" transform="translate(${place(now).join()}) rotate(45)"/>` : ""
  const corners = [[1, 0, 0], [0, 1, 0], [0, 0, 1]].map((one, index) => {
    const [x, y] = place(one), end = ["middle", "end", "start"][index]
    return `<text x="${x + [0, -10, 10][index]}" y="${index ? y + 4 : y - 8}" text-anchor="${end}" style="fill:${colours[names[index]]}" class="corner">all into ${names[index]}</text>`
  })
  const edge = [[1, 0, 0], [0, 1, 0], [0, 0, 1]].map((one) => place(one).join(",")).join(" ")
  return `${drawing(`<polygon class="edge" points="${edge}"/>${dots.join("")}${star}${present}${corners.join("")}`, "How candidates of the search divide a doubled budget")}<p class="legend"><span style="--colour:${colours.compound}">the paper’s choice</span><span class="hollow" style="--colour:${colours.compound}">now</span></p>`
}
