// What ui/pages/compare/answers.py hands over. Only tsc reads this file.

interface AnswersData {
  variants: { label: string; guesses: { index: number; name: string; share: number; explained: boolean }[] }[]
}
