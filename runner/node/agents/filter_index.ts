/** Finds the filters that match a topic, in time that grows with its levels rather than with the number of filters. */

interface Level<T> {
  readonly below: Map<string, Level<T>>;
  /** Filters that end here. */
  readonly here: Set<T>;
}

/** Invariant: every level is needed by a filter. */
export class FilterIndex<T> {
  readonly #root: Level<T> = emptyLevel();

  add(filter: string, value: T): void {
    let level = this.#root;
    for (const name of filter.split("/")) {
      const next = level.below.get(name) ?? emptyLevel<T>();
      level.below.set(name, next);
      level = next;
    }
    level.here.add(value);
  }

  remove(filter: string, value: T): void {
    prune(this.#root, filter.split("/"), value);
  }

  /** Whether anything listens to exactly this filter. */
  has(filter: string): boolean {
    let level: Level<T> | undefined = this.#root;
    for (const name of filter.split("/")) level = level?.below.get(name);
    return level !== undefined && level.here.size > 0;
  }

  /** Whether there is a topic that `filter` matches and one of the filters here matches, too. */
  overlaps(filter: string): boolean {
    const [first = "", ...rest] = filter.split("/");
    // 4.7.2: a wildcard in the first level does not match topics of the broker.
    const isSeen = (name: string) =>
      first.startsWith("$") ? name === first : !(isWildcard(first) && name.startsWith("$"));
    return [...this.#root.below].some(([name, level]) => isSeen(name) && meets(name, level, first, rest));
  }

  /** Everything that was added with a filter that matches `topic` (MQTT 3.1.1, 4.7). */
  matching(topic: string): T[] {
    const names = topic.split("/");
    const found: T[] = [];
    // 4.7.2: a wildcard in the first level does not match topics of the broker.
    const first = topic.startsWith("$") ? [names[0] ?? ""] : [names[0] ?? "", "+"];
    if (!topic.startsWith("$")) collect(this.#root.below.get("#"), found);
    let levels = first.flatMap((name) => this.#root.below.get(name) ?? []);
    for (const name of names.slice(1)) {
      for (const { below } of levels) collect(below.get("#"), found);
      levels = levels.flatMap(({ below }) => [name, "+"].flatMap((next) => below.get(next) ?? []));
    }
    for (const level of levels) {
      collect(level, found);
      // `a/#` matches `a` too.
      collect(level.below.get("#"), found);
    }
    return found;
  }
}

function emptyLevel<T>(): Level<T> {
  return { below: new Map(), here: new Set() };
}

function collect<T>(level: Level<T> | undefined, found: T[]): void {
  if (level !== undefined) { for (const value of level.here) found.push(value); }
}

function isWildcard(level: string): boolean {
  return level === "+" || level === "#";
}

/** Whether the filters at `level`, under `name`, overlap with a filter that continues with `own` and `rest`. */
function meets<T>(name: string, level: Level<T>, own: string, rest: readonly string[]): boolean {
  // Every level is needed by a filter.
  if (name === "#" || own === "#") return true;
  if (name !== own && !isWildcard(name) && !isWildcard(own)) return false;
  const [next, ...others] = rest;
  // `a/#` matches `a` too.
  if (next === undefined) return level.here.size > 0 || level.below.has("#");
  if (next === "#" && level.here.size > 0) return true;
  if (!isWildcard(next)) {
    return [next, "+", "#"].some((below) => {
      const found = level.below.get(below);
      return found !== undefined && meets(below, found, next, others);
    });
  }
  return [...level.below].some(([below, found]) => meets(below, found, next, others));
}

function prune<T>(level: Level<T>, [name, ...rest]: readonly string[], value: T): void {
  if (name === undefined) return void level.here.delete(value);
  const next = level.below.get(name);
  if (next === undefined) return;
  prune(next, rest, value);
  if (next.below.size === 0 && next.here.size === 0) level.below.delete(name);
}
