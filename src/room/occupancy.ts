/** Rooms of one relay. */
interface Building {
  /** Those with sessions that count. */
  occupiedRooms: number;
}

/** How many sessions are in a room or about to be. Closing ones are not: their places are free. */
export class Occupancy {
  readonly #building: Building;
  #count = 0;
  #visibleCount = 0;

  constructor(building: Building = { occupiedRooms: 0 }) {
    this.#building = building;
  }

  get count(): number {
    return this.#count;
  }

  get visibleCount(): number {
    return this.#visibleCount;
  }

  /** A session begins to join. */
  add(hidden: boolean): void {
    if (this.#count === 0) this.#building.occupiedRooms += 1;
    this.#count += 1;
    if (!hidden) this.#visibleCount += 1;
  }

  /** A session closes. */
  remove(hidden: boolean): void {
    this.#count -= 1;
    if (this.#count === 0) this.#building.occupiedRooms -= 1;
    if (!hidden) this.#visibleCount -= 1;
  }
}
