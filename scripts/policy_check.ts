/** `deno task policy:check FILE`: says in words what a policy allows and where links in it lead, or why it cannot be used. */
import { explainPolicy } from "../runner/policy/explain.ts";
import { linksThatLeadOut } from "../runner/policy/links.ts";
import { readPolicy } from "../runner/policy/read.ts";

async function main([path]: readonly string[]): Promise<number> {
  if (path === undefined) {
    write(Deno.stderr, "Usage: deno task policy:check FILE");
    return 2;
  }
  try {
    const policy = await readPolicy(path);
    write(Deno.stdout, [...explainPolicy(policy), ...await linksThatLeadOut(policy)].join("\n"));
    return 0;
  } catch (error) {
    write(Deno.stderr, (error as Error).message);
    return 2;
  }
}

function write(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  stream.writeSync(new TextEncoder().encode(`${text}\n`));
}

if (import.meta.main) Deno.exit(await main(Deno.args));
