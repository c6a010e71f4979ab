/** Lists what an agent's code can call, from the types for authors. Pure. */

export interface ApiMember {
  readonly name: string;
  /** The signature on one line. */
  readonly signature: string;
  readonly documentation: string;
  readonly isMethod: boolean;
}

/** The members of `interface Agent` in the text of `agents/types.d.ts`. */
export function parseAgentApi(types: string): ApiMember[] {
  const [, body = ""] = /export interface Agent \{\n(.*?)\n\}/s.exec(types) ?? [];
  const members: ApiMember[] = [];
  const pattern =
    /(?:\/\*\*(.*?)\*\/\s*)?(?:\/\/[^\n]*\s*)*(?:readonly )?([a-zA-Z_]\w*)(\([^;]*\)|)(: [^;]+);/gs;
  for (const [, comment = "", name = "", parameters = "", type = ""] of body.matchAll(pattern)) {
    members.push({
      name,
      signature: `${parameters}${type}`.replace(/\s+/g, " "),
      documentation: plainText(comment),
      isMethod: parameters !== "",
    });
  }
  return members;
}

function plainText(comment: string): string {
  return comment.split("\n").map((line) => line.replace(/^\s*\* ?/, "").trim()).filter((line) => line !== "")
    .join("\n");
}
