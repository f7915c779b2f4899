/** Has something to do once all is done that one event brings. */
interface Turning {
  endTurn(): void;
}

let turn: Turning[] = [];

/** Once for each call, after the promises that this turn settles. */
export function atEndOfTurn(turning: Turning): void {
  if (turn.push(turning) === 1) process.nextTick(endTurn);
}

function endTurn(): void {
  const ending = turn;
  turn = [];
  for (const turning of ending) turning.endTurn();
}
