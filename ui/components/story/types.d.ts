// Data from ui/pages/drawn.py, and data that the steps pass to one another. Only tsc reads this file.

interface StoryData {
  claim: string
  paper: Printed
  colours: Record<string, string>
  columns: StoryColumn[]
  photographs: StoryPhotograph[]
  apart: Apart
  growth: Grown[]
  answer: Measured
  links: Record<string, string>
}

interface StoryColumn extends Place {
  key: string
  label: string
  coefficients: string
  cost: string
  colour: string
}

interface StoryPhotograph {
  name: string
  category: string
  picture: string
  maps: string
}

/** One map as a sum over channels; maps are base64 of float32. */
interface Apart extends Place {
  name: string
  picture: string
  network: string
  category: string
  channels: { channel: number; weight: number; map: string }[]
  others: number
  rest: string
  map: string
  bias: number
  logit: number
  probability: number
}

/** One cell of a map as a sum. */
interface CellSum {
  parts: { activation: number; weight: number; product: number }[]
  rest: number
  value: number
}

/** The shape of a drawn network: the side of its input, and the layers and channels of each stage. */
interface NetworkShape {
  pixels: number
  layers: number[]
  channels: number[]
}

interface Grown extends NetworkShape {
  key: string
  depth: number
  width: number
  params: string
  macs: string
  times: string
}

interface Measured {
  sentence: string
  title: string
  baseline: string
  statements: MeasuredStatement[]
}

interface MeasuredStatement {
  claim: string
  outcome: string
  measurement: string
  images: number
  needs: string
  dots: Dot[]
}

interface Dot {
  label: string
  colour: string
  estimate: number
  low: number
  high: number
}
