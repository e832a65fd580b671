// What ui/pages/scaling/experiment.py hands over. Only tsc reads this file.

interface NearestData {
  photographs: StoryPhotograph[]
  columns: StoryColumn[]
  shown: number[]
  inferno: string
}
