// What ui/pages/scaling/activations.py hands over. Only tsc reads this file.

interface StageActivations {
  words: string
  about: string
  photograph: string
  mean: string
  channels: { number: number; picture: string }[]
}
