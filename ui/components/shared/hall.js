// Messages between the windows of one lecture, the hall's screen and the speaker's view, in the same browser.

/** Join the windows of a hall; ``hear`` receives the scene and build that another window went to, or a request for them. @param {string} hall @param {(message: HallMessage) => void} hear */
export function joinHall(hall, hear) {
  const channel = new BroadcastChannel(`compound-cam ${hall}`)
  channel.onmessage = ({ data }) => hear(data)
  return {
    /** @param {HallMessage} message */
    tell: (message) => channel.postMessage(message),
    leave: () => channel.close(),
  }
}

/** Keys that step through a lecture; a presenter's remote sends the page keys. @type {Record<string, number>} */
export const MOVES = { ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1, ArrowLeft: -1, ArrowUp: -1, PageUp: -1 }
