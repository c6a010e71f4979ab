/** Environment markers of requirements: `python_version < "3.9" and extra == "tls"` (PEP 508). Pure. */
import { PYTHON_VERSION } from "../../../protocol/packages/python/release.ts";
import { isInRange, isRange, parseVersion } from "../../../protocol/packages/python/version.ts";

const ENVIRONMENT: Readonly<Record<string, string>> = {
  python_version: PYTHON_VERSION.split(".").slice(0, 2).join("."),
  python_full_version: PYTHON_VERSION,
  os_name: "posix",
  sys_platform: "emscripten",
  platform_system: "Emscripten",
  platform_machine: "wasm32",
  platform_python_implementation: "CPython",
  implementation_name: "cpython",
  implementation_version: PYTHON_VERSION,
  platform_release: "",
  platform_version: "",
};

const TOKEN = /\s*(\(|\)|'[^']*'|"[^"]*"|~=|===?|!=|<=|>=|<|>|[A-Za-z_.]+)/y;

/** Whether `marker` is true here. @throws SyntaxError if it is not a marker */
export function markerHolds(marker: string, extras: readonly string[]): boolean {
  const tokens = tokenise(marker);
  const take = () => tokens.shift();
  const any = (): boolean => {
    let value = all();
    while (tokens[0] === "or") {
      take();
      value = all() || value;
    }
    return value;
  };
  const all = (): boolean => {
    let value = one();
    while (tokens[0] === "and") {
      take();
      value = one() && value;
    }
    return value;
  };
  const one = (): boolean => {
    if (tokens[0] !== "(") return comparison(take(), operator(), take());
    take();
    const value = any();
    if (take() !== ")") throw new SyntaxError(`a bracket is not closed in '${marker}'`);
    return value;
  };
  const operator = (): string => {
    const first = take() ?? "";
    return first === "not" ? `not ${take()}` : first;
  };
  const comparison = (left = "", operator: string, right = ""): boolean => {
    if (left === "extra" || right === "extra") {
      const wanted = valueOf(left === "extra" ? right : left).toLowerCase();
      return extras.includes(wanted) === (operator !== "!=");
    }
    return compare(valueOf(left), operator, valueOf(right));
  };
  const holds = any();
  if (tokens.length > 0) throw new SyntaxError(`'${tokens[0]}' is not expected in '${marker}'`);
  return holds;
}

function tokenise(marker: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  for (let at = 0; marker.slice(at).trim() !== "";) {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(marker);
    if (found === null) throw new SyntaxError(`'${marker}' is not a marker`);
    tokens.push(found[1] ?? "");
    at = TOKEN.lastIndex;
  }
  return tokens;
}

function valueOf(token: string): string {
  return /^['"]/.test(token) ? token.slice(1, -1) : ENVIRONMENT[token] ?? "";
}

function compare(left: string, operator: string, right: string): boolean {
  if (operator === "in") return right.includes(left);
  if (operator === "not in") return !right.includes(left);
  const version = parseVersion(left);
  const range = `${operator}${right}`;
  if (version !== undefined && isRange(range)) return isInRange(version, range);
  if (operator === "==") return left === right;
  return operator === "!=" && left !== right;
}
