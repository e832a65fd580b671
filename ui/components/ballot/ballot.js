// Passes the hall's votes to the deck, which is another component of the same page.

/** @param {Component<{ votes: number[][] }>} component */
export default function ({ data }) {
  dispatchEvent(new CustomEvent("hall-votes", { detail: data.votes }))
}
