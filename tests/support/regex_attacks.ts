/**
 * Attacks on a regular expression: texts that fit it up to a point, with a part of what fits repeated. Where a search
 * has more than one way to divide such a text, or begins anew at each place of it, its work grows faster than the text.
 */

export interface Attack {
  readonly prefix: string;
  readonly pump: string;
  readonly suffix: string;
}

/** What makes a search fail at the very end; beside it, whatever a class of the pattern leaves out. */
const SUFFIXES = ["", "\0", "\n"];
/** Longest repeated part, in pieces of the pattern. */
const MAX_PUMP_PIECES = 4;
const MAX_PIECES = 60;

/** A text of `length` characters or a little less. */
export function textOf({ prefix, pump, suffix }: Attack, length: number): string {
  const rest = Math.max(length - prefix.length - suffix.length, pump.length);
  return prefix + pump.repeat(Math.floor(rest / pump.length)) + suffix;
}

export function attacksOn(source: string): Attack[] {
  const attacks = new Map<string, Attack>();
  const sampler = new Sampler(source);
  const samples = sampler.samples();
  const suffixes = [...SUFFIXES, ...sampler.leftOut];
  for (const pieces of samples) {
    const sample = pieces.slice(0, MAX_PIECES);
    for (let from = 0; from < sample.length; from++) {
      const ends = [...Array(MAX_PUMP_PIECES).keys()].map((more) => from + 1 + more);
      for (const to of [...ends, sample.length].filter((end) => end <= sample.length)) {
        const pump = sample.slice(from, to).join("");
        for (const prefix of new Set([sample.slice(0, from).join(""), ""])) {
          for (const suffix of suffixes) {
            attacks.set(JSON.stringify([prefix, pump, suffix]), { prefix, pump, suffix });
          }
        }
      }
    }
  }
  return [...attacks.values()].filter(({ pump }) => pump !== "");
}

/** Characters that a class is shown by. */
const BY_CLASS: Readonly<Record<string, string>> = { d: "0", w: "a", s: " ", S: "x", W: "-", D: "a" };
const CONTROL: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", f: "\f", v: "\v" };
const MAX_SAMPLES = 24;

/** Reads as much of a pattern's grammar as it takes to write texts that fit it, each part of it once. */
class Sampler {
  /** Characters that its classes do not take. */
  readonly leftOut = new Set<string>();
  #at = 0;

  constructor(private readonly source: string) {}

  /** Each a list of pieces: what one part of the pattern fits. */
  samples(): string[][] {
    return this.#alternatives();
  }

  #alternatives(): string[][] {
    const all: string[][] = [];
    let current: string[][] = [[]];
    while (this.#at < this.source.length && this.source[this.#at] !== ")") {
      if (this.source[this.#at] === "|") {
        this.#at += 1;
        all.push(...current);
        current = [[]];
        continue;
      }
      const part = this.#part();
      current = current.flatMap((before) => part.map((piece) => [...before, ...piece])).slice(0, MAX_SAMPLES);
    }
    return [...all, ...current].slice(0, MAX_SAMPLES);
  }

  #part(): string[][] {
    const part = this.#atom();
    const quantifier = /^(?:[*+?]|\{(\d+),?\d*\})\??/.exec(this.source.slice(this.#at));
    if (quantifier === null) return part;
    this.#at += quantifier[0].length;
    const least = Number(quantifier[1] ?? 1);
    return least <= 1 ? part : part.map((pieces) => Array(Math.min(least, 80)).fill(pieces.join("")));
  }

  #atom(): string[][] {
    const char = this.source[this.#at++] ?? "";
    if (char === "(") return this.#group();
    if (char === "[") return [[this.#class()]];
    if (char === "\\") return [[this.#escape()]];
    if (char === ".") return [["a"]];
    return char === "^" || char === "$" ? [[]] : [[char]];
  }

  #group(): string[][] {
    const kind = /^\?(?:[:=!]|<[=!]|<\w+>)/.exec(this.source.slice(this.#at))?.[0] ?? "";
    this.#at += kind.length;
    const inner = this.#alternatives();
    this.#at += 1;
    // What is only looked at is not part of what fits.
    return /[=!]$/.test(kind) ? [[]] : inner;
  }

  #escape(): string {
    const char = this.source[this.#at++] ?? "";
    if (char === "b" || char === "B") return "";
    if (char === "x" || char === "u") {
      const hex = /^(?:\{[0-9a-f]+\}|[0-9a-f]{2,4})/i.exec(this.source.slice(this.#at))?.[0] ?? "";
      this.#at += hex.length;
      return String.fromCodePoint(parseInt(hex.replace(/[{}]/g, ""), 16) || 0);
    }
    if (char === "p" || char === "P") {
      this.#at = this.source.indexOf("}", this.#at) + 1;
      return "a";
    }
    return BY_CLASS[char] ?? CONTROL[char] ?? (/\d/.test(char) ? '"' : char);
  }

  #class(): string {
    const isNegated = this.source[this.#at] === "^";
    if (isNegated) this.#at += 1;
    const found: string[] = [];
    while (this.#at < this.source.length && this.source[this.#at] !== "]") {
      const char = this.source[this.#at++] ?? "";
      found.push(char === "\\" ? this.#escape() : char);
    }
    this.#at += 1;
    if (!isNegated) return found[0] ?? "a";
    if (this.leftOut.size < 4) this.leftOut.add(found[0] ?? "");
    return ["a", "0", " ", "-", "\n"].find((char) => !found.includes(char)) ?? "~";
  }
}
