// Data that the parts of the site pass to one another. Only tsc reads this file.

type View = "square" | "centre"

/** An opaque image, RGBA row by row. */
interface Pixels {
  data: Uint8ClampedArray | Uint8Array
  width: number
  height: number
}

/** How to resample along one axis. */
interface Weights {
  first: Int32Array
  count: Int32Array
  values: Int32Array
  most: number
}

/** One network's answer on one photograph; classes that were not computed have neither probability nor map. */
interface Answer {
  logits?: Float32Array
  top: number
  probability(index: number): number | undefined
  map(index: number): Float32Array | undefined
}

/** models.out_of_class.ScoreScale, by the largest logit. */
interface Scale {
  mean: number
  deviation: number
  threshold: number
}

/** A network's file on the server. */
interface NetworkFile {
  key: string
  label: string
  url: string
  bytes: number
  sha256: string
  side: number
}

/** How ONNX Runtime is started; addresses are absolute, and the first file is the module. */
interface EngineSetting {
  webgpu: boolean
  threads: number
  folder: string
  files: string[]
}

/** The folder of ONNX Runtime in the site, and its files for browsers without and with WebGPU. */
interface RuntimeFiles {
  folder: string
  wasm: string[]
  webgpu: string[]
}

/** The state of a network: not loaded, in the browser's cache, loading, ready, or the reason why it failed. */
interface NetworkState {
  phase: "absent" | "kept" | "loading" | "ready" | "failed"
  received: number
  words: string
  ready?: Promise<void>
}

type Target = "shared" | "own" | number

/** A network's answer on a sample, for a few classes; maps are base64 of float32. */
interface PackedAnswer {
  top: number
  probabilities: number[]
  maps: string
}

/** data/figure.json. */
interface FigureData {
  viewer: Omit<ViewerData, "columns" | "rows" | "missing" | "baseline" | "own">
  columns: Column[]
  order: string[]
  categories: string[]
  scales: Record<string, Scale>
  none: string
  networks: NetworkFile[]
  samples: Thumbnail[]
  start: string[]
  runtime: RuntimeFiles
}

/** The constants from which costs are counted; see ui/site/lesson.py. */
interface Family {
  stages: { expansion: number; kernel: number; stride: number; channels: number; layers: number }[]
  stem: number
  head: number
  squeeze: number
  classes: number
}

interface Cost {
  params: number
  macs: number
  grid: number
  layers: number[]
  channels: number[]
  pixels: number
}

interface LessonSlider {
  label: string
  key: string
  low: number
  high: number
  start: number
  step: number
  tip: string
  form: string | null
}

/** data/lesson.json. */
interface LessonData {
  steps: { short: string; headline: string; text: string; controls: "hand" | "rule"; figure: string }[]
  modes: Record<"hand" | "rule", string>
  sliders: Record<"hand" | "rule", LessonSlider[]>
  presets: { label: string; d: number; w: number; px: number }[]
  curves: Record<string, { x: Pair; y: Pair; curves: { key: string; label: string; gflops: number[]; top1: number[] }[] }>
  axes: { x: string; y: string }
  released: Record<string, number[]>
  search: number[][]
  rule: { alpha: number; beta: number; gamma: number; target: number; near: number }
  dimensions: string[]
  colours: Record<string, string>
  family: Family
  marks: Record<string, { params: number; macs: number; words: string }>
  source: Record<string, string>
  picture: string
}

/** One setting of the lesson; ``rule`` holds alpha, beta and gamma if the setting was made with the rule. */
interface LessonSetting {
  depth: number
  width: number
  pixels: number
  phi?: number
  rule?: number[]
}
