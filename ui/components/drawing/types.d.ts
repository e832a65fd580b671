// What ui/components/drawing/__init__.py hands over. Only tsc reads this file.

interface DrawingData {
  svg: string
  label: string // for those who do not see it
  choices?: boolean // whether some of its elements are buttons
  chosen?: number | null // number of the one that is pressed
}
