/** Lists what a Python agent can call, from its class `Agent`. Pure. */
import type { ApiMember } from "./agent_api.ts";

const CLASS = /^class Agent:\n(.*?)(?=^\S)/ms;
const ATTRIBUTE = /^ {8}self\.([a-z]\w*) = /gm;
const METHOD = /^ {4}(async )?def ([a-z]\w*)\(self(?:, )?([^)]*)\):\n(?: {8}"""(.*?)"""$)?/gms;
const ALIAS = /^ {4}([a-z]\w*) = ([a-z]\w*)$/gm;

/**
 * @param source text of the module that defines `class Agent`
 * @param types the same members in TypeScript, whose descriptions are used where Python has none
 */
export function parsePythonApi(source: string, types: readonly ApiMember[]): ApiMember[] {
  const [, body = ""] = CLASS.exec(source) ?? [];
  const documented = new Map(types.map(({ name, documentation }) => [name, documentation]));
  const attributes = [...body.matchAll(ATTRIBUTE)].map(([, name = ""]) => ({
    name,
    signature: "",
    documentation: documented.get(name) ?? "",
    isMethod: false,
  }));
  const methods = [...body.matchAll(METHOD)].map(([, isAsync, name = "", parameters = "", text]) => ({
    name,
    signature: `${isAsync === undefined ? "" : "await "}(${parameters})`,
    documentation: text ?? documented.get(name) ?? "",
    isMethod: true,
  }));
  const aliases = [...body.matchAll(ALIAS)].flatMap(([, name = "", of = ""]) => {
    const method = methods.find((known) => known.name === of);
    return method === undefined ? [] : [{ ...method, name }];
  });
  return [...attributes, ...methods, ...aliases];
}
