// Which module draws which scene.

import { answerScene } from "./answer_scene.js"
import { cellsScene } from "./cells_scene.js"
import { claimScene } from "./claim_scene.js"
import { curvesScene } from "./curves_scene.js"
import { growthScene } from "./growth_scene.js"
import { guessScene } from "./guess_scene.js"
import { homeScene } from "./home_scene.js"
import { ratherScene, rowsScene } from "./rows_scene.js"

/** @type {Record<string, (body: HTMLElement, scene: DeckScene, drawn: Drawn, data: DeckData) => SceneBody>} */
export const BODIES = {
  claim: claimScene, cells: cellsScene, growth: growthScene, curves: curvesScene, photographs: rowsScene, rather: ratherScene,
  guess: guessScene, answer: answerScene, home: homeScene,
}
