/** Versions of Python packages and version ranges (PEP 440). Pure. */

const VERSION =
  /^v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[-_.]?(a|alpha|b|beta|c|rc|pre|preview)[-_.]?(\d*))?(?:(?:[-_.]?(post|rev|r)[-_.]?(\d*))|-(\d+))?(?:[-_.]?(dev)[-_.]?(\d*))?(?:\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?$/i;

/** A version as numbers, compared from left to right. */
export interface Version {
  readonly text: string;
  readonly epoch: number;
  readonly release: readonly number[];
  /** 0 for a final release, below 0 for pre-releases, above 0 for post-releases. */
  readonly stage: readonly [pre: number, preNumber: number, post: number, dev: number];
  readonly isPrerelease: boolean;
}

/** @returns `undefined` if it is not a version */
export function parseVersion(text: string): Version | undefined {
  const found = VERSION.exec(text.trim());
  if (found === null) return undefined;
  const [, epoch = "0", release = "0", pre, preNumber, post, postNumber, dash, dev, devNumber] = found;
  const rank = pre === undefined ? undefined : { a: 1, b: 2, c: 3, r: 3, p: 3 }[pre[0]?.toLowerCase() ?? "c"];
  const hasPost = post !== undefined || dash !== undefined;
  // 1.0.dev1 < 1.0a1.dev1 < 1.0a1 < 1.0 < 1.0.post1
  const before = rank ?? (dev !== undefined && !hasPost ? 0 : 4);
  return {
    text: text.trim(),
    epoch: Number(epoch),
    release: release.split(".").map(Number),
    stage: [
      before,
      Number(preNumber || 0),
      hasPost ? Number(postNumber || dash || 0) + 1 : 0,
      dev === undefined ? Infinity : Number(devNumber || 0),
    ],
    isPrerelease: pre !== undefined || dev !== undefined,
  };
}

/** Negative when `a` is older. */
export function compareVersions(a: Version, b: Version): number {
  return a.epoch - b.epoch || compareLists(a.release, b.release) || compareLists(a.stage, b.stage);
}

function compareLists(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const [left, right] = [a[index] ?? 0, b[index] ?? 0];
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}

const CLAUSE = /^(~=|===?|!=|<=|>=|<|>)\s*(\S+)$/;

/** Whether `text` is a list of clauses such as `>=1.2,!=1.5,<2`; an empty list matches everything. */
export function isRange(text: string): boolean {
  return clausesOf(text).every((clause) => {
    const [, operator, operand = ""] = CLAUSE.exec(clause) ?? [];
    if (operator === undefined) return false;
    return parseVersion(operand.replace(/\.\*$/, "")) !== undefined;
  });
}

/** Whether `version` is in the range `text`. */
export function isInRange(version: Version, text: string): boolean {
  return clausesOf(text).every((clause) => satisfies(version, clause));
}

/** Whether the range names a pre-release: only then may a pre-release be chosen. */
export function namesPrerelease(text: string): boolean {
  return clausesOf(text).some((clause) =>
    parseVersion(clause.replace(/^[~=!<>]+\s*/, "").replace(/\.\*$/, ""))?.isPrerelease === true
  );
}

function clausesOf(text: string): string[] {
  return text.split(",").map((clause) => clause.trim()).filter((clause) => clause !== "");
}

function satisfies(version: Version, clause: string): boolean {
  const [, operator, operand = ""] = CLAUSE.exec(clause) ?? [];
  const isPrefix = operand.endsWith(".*");
  const other = parseVersion(operand.replace(/\.\*$/, ""));
  if (other === undefined) return false;
  const order = compareVersions(version, other);
  switch (operator) {
    case "==":
    case "===":
      return isPrefix ? startsWith(version, other.release) : order === 0;
    case "!=":
      return isPrefix ? !startsWith(version, other.release) : order !== 0;
    case "<=":
      return order <= 0;
    case ">=":
      return order >= 0;
    case "<":
      // `<2.0` excludes 2.0rc1, although it sorts before 2.0.
      return order < 0 && !(version.isPrerelease && compareLists(version.release, other.release) === 0);
    case ">":
      return order > 0 && !startsWith(version, other.release, other.release.length + 1);
    case "~=":
      return order >= 0 && startsWith(version, other.release.slice(0, -1));
    default:
      return false;
  }
}

/** @param exactly how long the release must then be, at most: for what is a mere later form of the same release */
function startsWith(version: Version, prefix: readonly number[], exactly?: number): boolean {
  if (exactly !== undefined) return compareLists(version.release, prefix) === 0;
  return prefix.every((part, index) => (version.release[index] ?? 0) === part);
}
