import type { LoadBalanceMethod } from './options.js';

/**
 * More processes than this choose the better of two nodes. Each knows late what the others have chosen, and the least loaded node of
 * all would be chosen by all of them (`npm run simulate`, docs/SCALING.md).
 */
const MANY_PROCESSES = 10;

/** What a node is chosen by. */
export interface Candidate {
  readonly weight: number;
  /** Streams that it has, and that are about to come. */
  readonly load: number;
}

/** Chooses the nodes of new rooms. Each node gets a share of them in proportion to its weight. */
export class LoadBalancer<Node extends Candidate> {
  readonly #method: LoadBalanceMethod;
  /** For `roundrobin`: grows by the weight at each choice; the chosen node pays the sum of the weights. */
  readonly #credits = new WeakMap<Node, number>();

  constructor(method: LoadBalanceMethod) {
    this.#method = method;
  }

  /** @param nodes at least one @param processes how many processes choose, this one included */
  choose(nodes: readonly Node[], processes = 1): Node {
    switch (this.#method) {
      case 'random':
        return atRandom(nodes);
      case 'roundrobin':
        return this.#next(nodes);
      case 'leastconn':
        return least(processes > MANY_PROCESSES ? [atRandom(nodes), atRandom(nodes)] : nodes);
    }
  }

  #next(nodes: readonly Node[]): Node {
    let total = 0;
    for (const node of nodes) {
      total += node.weight;
      this.#credits.set(node, this.#creditOf(node) + node.weight);
    }
    const chosen = nodes.reduce((best, node) => (this.#creditOf(node) > this.#creditOf(best) ? node : best));
    this.#credits.set(chosen, this.#creditOf(chosen) - total);
    return chosen;
  }

  /** It begins at random: processes that start together would all begin with the first nodes. */
  #creditOf(node: Node): number {
    return this.#credits.get(node) ?? Math.random() * node.weight;
  }
}

function atRandom<Node extends Candidate>(nodes: readonly Node[]): Node {
  let rest = Math.random() * nodes.reduce((sum, { weight }) => sum + weight, 0);
  const chosen = nodes.find(({ weight }) => {
    rest -= weight;
    return rest < 0;
  });
  return chosen ?? (nodes.at(-1) as Node);
}

/** One of several equal ones at random: otherwise processes that start together would all choose the first one. */
function least<Node extends Candidate>(nodes: readonly Node[]): Node {
  const loadOf = ({ load, weight }: Node) => (load + 1) / weight;
  const lowest = Math.min(...nodes.map(loadOf));
  return atRandom(nodes.filter((node) => loadOf(node) === lowest));
}
