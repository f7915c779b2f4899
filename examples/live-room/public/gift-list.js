// @ts-check
/** The gifts: the page shows them, and the server refuses others. */

/** @typedef {{ id: string, name: string, phrase: string }} Gift phrase: after “gave” */

/** @type {readonly Gift[]} each has its picture in index.html, `#g-…` */
export const GIFTS = [
  { id: 'rose', name: 'Rose', phrase: 'a rose' },
  { id: 'coffee', name: 'Coffee', phrase: 'a coffee' },
  { id: 'rocket', name: 'Rocket', phrase: 'a rocket' },
  { id: 'crown', name: 'Crown', phrase: 'a crown' },
];
