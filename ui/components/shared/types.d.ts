// Data that Python sends to the components, and that their modules pass to one another. Only tsc reads this file.

type Viewer = import("../viewer/viewer.js").Viewer

interface Component<Data> {
  data: Data
  parentElement: HTMLElement
  setTriggerValue(name: string, value: unknown): void
  setStateValue?(name: string, value: unknown): void
}

/** ui/components/viewer/packing.py: maps, levels and colours are base64 of their values. */
interface ViewerData {
  rows: PackedRow[]
  columns: Column[]
  missing: Missing[]
  baseline: number
  order: string[]
  unit: string
  signed: boolean
  own: boolean
  colours: Record<string, string>
  theirs: Printed
  scene: number
  look: string | null
  lecture: boolean
  uploads: number
  apart?: TakenParts | null
  whole?: string // why maps cannot be taken apart; absent without a server
}

/** One map taken apart, or why it cannot be: channels, maps as base64 of float32, and the pixels that a cell can depend on. */
interface TakenParts {
  digest: string
  key: string
  words?: string
  count: number
  logit: number
  bias: number
  field: number
  map: string
  channels: { channel: number; weight: number; map: string }[]
}

interface PackedRow {
  name: string
  digest: string
  picture: string
  outside: string
  elsewhere: { study: string; title: string; seen: string } | null
  panels: Panel[]
  maps: string
}

type Row = Omit<PackedRow, "maps"> & { maps: Float32Array[] }

interface Panel {
  top: string
  topProbability: number
  explained: string
  probability: number
  right: boolean
  against: string | null
  waiting?: string // why there is no map yet; its values are 0
}

/** Where a map's cells look, in pixels of the network's input. */
interface Place {
  centres: number[]
  offset: number[]
  resolution: number
  cells: number
}

interface Column extends Place {
  key: string
  label: string
  coefficients: string
  cost: string
  note: string
  provenance: string
  fingerprint: string
}

interface Missing {
  key: string
  label: string
  words: string
}

/** The paper's own Figure 7. */
interface Printed {
  source: string
  titles: Record<string, string>
  rows: { name: string; panels: Record<string, PrintedMap> }[]
}

interface PrintedMap {
  cells: number
  levels: string
}

/** How to interpolate along one axis of the grid. */
interface Axis {
  before: Int32Array
  share: Float32Array
  count: number
}

interface Axes {
  columns: Axis
  rows: Axis
}

/** The display choices that a link keeps; ``hidden`` lasts only until the next choice. */
interface Look {
  opacity: number
  colours: string
  scale: string
  signed: boolean | null
  difference: boolean
  contour: number
  cells: boolean
  placement: string
  paper: boolean
  theirs: boolean
  hidden?: boolean
}

/** The display choices in effect, as the files of the figure take them: cam/figures/display.py. */
interface Display {
  scale: string
  style: string
  colours: string
  opacity: number
  signed: boolean
  difference: string
  contour: number
  cells: boolean
  placement: string
  swipe: { left: string; right: string; divide: number } | null
}

/** The part of an image that is shown, in widths of the image. */
interface Zoom {
  scale: number
  left: number
  top: number
}

/** The divider between two panels of the large view. */
interface Swipe {
  on: boolean
  other: number
  divide: number
}

/** A place in an image: x and y in the whole image, u and v in the part shown. */
interface Pointed {
  row: number
  x: number
  y: number
  u: number
  v: number
}

type Pair = [number, number]

interface FilmData {
  name: string
  category: string
  label: string
  kinds: Reel[]
}

interface Reel {
  kind: "deletion" | "insertion"
  area: number
  curve: number[]
  frames: string[]
}

interface MosaicData {
  rows: number
  columns: number
  picture: string
  classes: string[]
  variants: MosaicVariant[]
}

interface MosaicVariant {
  label: string
  colour: string
  pictures: string[]
  shares: number[][]
}

interface Scenes {
  title: string
  text: string
  here: number
  count: number
  links: string[]
  go: number
  hall: string
  composed: boolean
}

/** A message between the windows of a lecture: the scene and build of the sender, a request for them, or the hall's votes. */
interface HallMessage {
  asking?: boolean
  scene?: number
  build?: number
  votes?: number[][]
}

interface Thumbnail {
  name: string
  picture: string
}

interface Gallery {
  thumbnails: Thumbnail[]
  chosen: string[]
}

/** Elements of the page's own HTML are found by a selector, which does not tell their type. */
interface ParentNode {
  querySelector(selectors: string): any
  querySelectorAll(selectors: string): NodeListOf<any>
}

interface Element {
  closest(selectors: string): any
}

interface HTMLCanvasElement {
  levels?: Uint8Array // painted in the canvas, in these colours
  colours?: Uint32Array
  zoom?: Zoom // the part that is painted in the canvas, of this photograph
  picture?: HTMLImageElement
}

interface Document {
  getElementById(id: string): any
}
