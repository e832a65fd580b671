// What the parts of the site hand to one another. Only tsc reads this file.

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

/** What one network says of one photograph; classes that are not at hand have neither probability nor map. */
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

/** A network as it lies on the server. */
interface NetworkFile {
  key: string
  label: string
  url: string
  bytes: number
  sha256: string
  side: number
}

/** How ONNX Runtime is started; addresses are absolute, the first of the files is the module. */
interface EngineSetting {
  webgpu: boolean
  threads: number
  folder: string
  files: string[]
}

/** Where ONNX Runtime lies in the site, and which of its files browsers without and with WebGPU need. */
interface RuntimeFiles {
  folder: string
  wasm: string[]
  webgpu: string[]
}

/** Where a network stands: not here, in the browser's cache, on its way, ready to be asked, or why it is not. */
interface NetworkState {
  phase: "absent" | "kept" | "loading" | "ready" | "failed"
  received: number
  words: string
  ready?: Promise<void>
}

type Target = "shared" | "own" | number

/** What a network says of a sample, for a few classes; maps are base64 of float32. */
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

/** What costs are counted with; ui/site/lesson.py. */
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

/** One setting of the lesson; ``rule`` is alpha, beta and gamma where these made it. */
interface LessonSetting {
  depth: number
  width: number
  pixels: number
  phi?: number
  rule?: number[]
}
