// The data from ui/lecture/deck.py, and the scenes as the deck uses them. Only tsc reads this file.

interface DeckData {
  view: "lecture" | "speaker" | "handout"
  hall: string
  server: string
  onlyHere: boolean
  scenes: DeckScene[]
  speaker: string
  handout: string
  drawn: Drawn
}

interface DeckScene {
  title: string
  text: string
  show: string
  notes: string
  points: string[]
  link: string
  live: string
  code: string
  shared: string
  photographs: string[]
  cells: boolean
  orders: number[][]
}

interface Drawn extends Omit<StoryData, "links"> {
  rather: { name: string; picture: string; for: string; against: string; maps: string }
  curves: Record<string, Curve>
}

interface Curve {
  label: string
  gflops: number[]
  top1: number[]
}

/** Number of the question that the hall is asked, from 0, and whether the answer is shown. */
interface Asked {
  asked: number
  revealed: boolean
}

/** The body of a scene: the number of its last build, and how to show one, ``still`` without animation; its source line. */
interface SceneBody {
  last: number
  source?: string
  show(build: number, still: boolean): void
  asks?(build: number): Asked
  count?(votes: number[][]): void
}

interface BuiltScene {
  node: HTMLElement
  last: number
  asks(build: number): Asked | null
  count(votes: number[][]): void
  show(build: number, still?: boolean): void
}
