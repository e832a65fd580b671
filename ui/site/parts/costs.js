// The cost of a scaled EfficientNet, counted layer by layer as in models.costs and models.scaling.

const DIVISOR = 8

/** The nearest multiple of 8; the next one up where that is more than a tenth smaller. @param {number} channels */
export function roundChannels(channels) {
  const rounded = Math.max(DIVISOR, Math.floor(Math.trunc(channels + DIVISOR / 2) / DIVISOR) * DIVISOR)
  return rounded < 0.9 * channels ? rounded + DIVISOR : rounded
}

/** @param {Family} family @param {number} depth @param {number} width @param {number} pixels @returns {Cost} */
export function cost(family, depth, width, pixels) {
  const sum = { params: 0, macs: 0 }
  /** @param {number} inputs @param {number} outputs @param {number} side @param {number} kernel @param {{ depthwise?: boolean, bias?: boolean }} how */
  const convolution = (inputs, outputs, side, kernel = 1, { depthwise = false, bias = false } = {}) => {
    const weights = outputs * kernel ** 2 * (depthwise ? 1 : inputs)
    sum.params += weights + (bias ? outputs : 2 * outputs) // a BatchNorm follows wherever there is no bias
    sum.macs += weights * side ** 2
  }
  let side = Math.ceil(pixels / 2), inputs = roundChannels(family.stem * width)
  convolution(3, inputs, side, 3)
  const layers = family.stages.map((stage) => Math.ceil(stage.layers * depth))
  const channels = family.stages.map((stage) => roundChannels(stage.channels * width))
  family.stages.forEach(({ expansion, kernel, stride }, place) => {
    for (let block = 0; block < layers[place]; block++) {
      const expanded = expansion === 1 ? inputs : roundChannels(inputs * expansion)
      if (expansion !== 1) convolution(inputs, expanded, side)
      side = Math.ceil(side / (block ? 1 : stride))
      convolution(expanded, expanded, side, kernel, { depthwise: true })
      const squeezed = Math.max(1, Math.floor(inputs / family.squeeze))
      convolution(expanded, squeezed, 1, 1, { bias: true })
      convolution(squeezed, expanded, 1, 1, { bias: true })
      convolution(expanded, channels[place], side)
      inputs = channels[place]
    }
  })
  const head = roundChannels(family.head * width)
  convolution(inputs, head, side)
  convolution(head, family.classes, 1, 1, { bias: true })
  return { ...sum, grid: side, layers, channels, pixels }
}
