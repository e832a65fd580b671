// Two films, one of vanishing and one of appearing pixels, with the network's probabilities; one slider moves both.

import { isDark } from "../shared/page.js"
import { percent } from "../shared/words.js"

const COLOURS = { deletion: "#D55E00", insertion: "#0072B2" }
const TITLES = { deletion: "Deletion", insertion: "Insertion" }
const BETTER = { deletion: "lower is better", insertion: "higher is better" }

/** @param {Component<FilmData>} component */
export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".film")
  root.style.colorScheme = isDark(getComputedStyle(root).getPropertyValue("--st-background-color")) ? "dark" : "light"
  const slider = root.querySelector("input")
  const play = root.querySelector("button")
  const last = data.kinds[0].frames.length - 1
  slider.max = last
  if (root.dataset.film !== data.kinds[0].frames[1]) slider.value = 0
  root.dataset.film = data.kinds[0].frames[1]
  const reels = data.kinds.map((kind) => reel(kind, data))
  root.querySelector(".reels").replaceChildren(...reels.map(({ node }) => node))
  const show = () => {
    const step = Math.min(+slider.value, last)
    root.querySelector("output").textContent = percent(step / last)
    slider.setAttribute("aria-valuetext", `${percent(step / last)} of the pixels`)
    reels.forEach((one) => one.show(step))
  }
  const stop = () => {
    clearInterval(root.timer)
    root.timer = null
    play.textContent = "Play"
  }
  stop()
  slider.oninput = () => {
    stop()
    show()
  }
  play.onclick = () => {
    if (root.timer) return stop()
    if (+slider.value >= last) slider.value = 0
    play.textContent = "Pause"
    root.timer = setInterval(() => {
      slider.value = +slider.value + 1
      show()
      if (+slider.value >= last) stop()
    }, 260)
  }
  show()
  return stop
}

/** @param {Reel} reel @param {FilmData} data */
function reel({ kind, area, curve, frames }, { category, label, name }) {
  const node = document.createElement("div")
  node.className = "reel"
  const last = frames.length - 1
  const points = curve.map((value, step) => `${(step / last) * 100},${(1 - value) * 100}`).join(" ")
  node.innerHTML = `<h4>${TITLES[kind]} <span></span></h4><img alt=""><div class="chart"><div class="plot">
    <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
      <path class="axis" d="M0,0H100M0,50H100M0,100H100"/>
      <polyline class="curve" points="${points}" stroke="${COLOURS[kind]}"/><path class="now"/>
    </svg><i class="dot" style="background:${COLOURS[kind]}"></i><span class="scale">probability 1</span></div>
    <div class="ends"><span>0 %</span><span>pixels changed</span><span>100 %</span></div></div><p class="reading"></p>`
  node.querySelector("h4 span").textContent = `area ${area.toFixed(3)}, ${BETTER[kind]}`
  const image = node.querySelector("img")
  /** @param {number} step */
  const show = (step) => {
    image.src = frames[step]
    image.alt = `${name}, ${percent(step / last)} of the pixels changed`
    node.querySelector(".now").setAttribute("d", `M${(step / last) * 100},0V100`)
    const dot = node.querySelector(".dot")
    dot.style.left = `${(step / last) * 100}%`
    dot.style.top = `${(1 - curve[step]) * 100}%`
    node.querySelector(".reading").textContent = `${label}: ${category} ${percent(curve[step])}`
  }
  return { node, show }
}
