// The data from ui/pages/compare/answers.py. Only tsc reads this file.

interface AnswersData {
  variants: { label: string; guesses: { index: number; name: string; share: number; explained: boolean }[] }[]
}
