/** Parses the waves of a roll-out, and divides nodes into them. Pure. */
import { ConfigError } from "../../protocol/config/config_error.ts";
import { parseSelector, type Selector, selects } from "../fleet/selector.ts";

/** What belongs to a wave, in addition to the waves before it. */
export type Wave =
  /** So many nodes have been changed at its end. */
  | { readonly kind: "count"; readonly count: number }
  /** So many percent of the nodes have been changed at its end. */
  | { readonly kind: "percent"; readonly percent: number }
  /** All nodes with these labels. */
  | { readonly kind: "labels"; readonly labels: Selector }
  | { readonly kind: "rest" };

export interface WaveNode {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly isOff: boolean;
}

export const DEFAULT_WAVES: readonly string[] = ["1", "10%", "50%", "rest"];
const MAX_WAVES = 20;

/** @param texts such as `1`, `10%`, `room=kitchen` and `rest` @throws ConfigError */
export function parseWaves(texts: readonly string[]): readonly Wave[] {
  const waves = texts.map(parseWave);
  const last = waves.at(-1);
  const isWhole = last?.kind === "rest" || (last?.kind === "percent" && last.percent === 100);
  if (!isWhole) throw new ConfigError("The last wave must be rest: otherwise some nodes are never changed");
  if (waves.length > MAX_WAVES) throw new ConfigError(`There can be up to ${MAX_WAVES} waves`);
  return waves;
}

function parseWave(text: string): Wave {
  if (text === "rest") return { kind: "rest" };
  const [, number, percent] = /^(\d{1,6})(%?)$/.exec(text) ?? [];
  if (number === undefined) {
    if (/^[\d%]/.test(text) || text === "") throw new ConfigError(`${FORM}: current value is '${text}'`);
    return { kind: "labels", labels: parseSelector(text) };
  }
  const value = Number(number);
  if (value < 1 || (percent === "%" && value > 100)) {
    throw new ConfigError(`${FORM}: current value is '${text}'`);
  }
  return percent === "%" ? { kind: "percent", percent: value } : { kind: "count", count: value };
}

const FORM =
  "A wave is a number of nodes such as 1, a share such as 10%, labels such as room=kitchen, or rest";

/**
 * @returns the names of the nodes in each wave; no wave is empty. Nodes that are off are a wave of their own, the last
 * one: they prove nothing about the change.
 */
export function divide(waves: readonly Wave[], nodes: readonly WaveNode[]): readonly (readonly string[])[] {
  const byName = nodes.toSorted((a, b) => a.name.localeCompare(b.name));
  const on = byName.filter(({ isOff }) => !isOff);
  const off = byName.filter(({ isOff }) => isOff).map(({ name }) => name);
  const taken = new Set<string>();
  const divided = waves.map((wave) => {
    const left = on.filter(({ name }) => !taken.has(name));
    const names = chosen(wave, left, nodes.length, taken.size).map(({ name }) => name);
    names.forEach((name) => taken.add(name));
    return names;
  }).filter((names) => names.length > 0);
  return off.length === 0 ? divided : [...divided, off];
}

function chosen(
  wave: Wave,
  left: readonly WaveNode[],
  total: number,
  taken: number,
): readonly WaveNode[] {
  switch (wave.kind) {
    case "count":
      return left.slice(0, Math.max(0, wave.count - taken));
    case "percent":
      return left.slice(0, Math.max(0, Math.ceil(total * wave.percent / 100) - taken));
    case "labels":
      return left.filter(({ labels }) => selects(wave.labels, labels));
    case "rest":
      return left;
    default:
      return wave satisfies never;
  }
}
