// What ui/lecture/phone.py hands over. Only tsc reads this file.

interface Voting {
  asked: number | null
  of: number
  photograph: StoryPhotograph
  columns: Place[]
  order: number[]
  inferno: string
  counted: [number, number] | null
  labels?: string[]
  sought?: number
}
