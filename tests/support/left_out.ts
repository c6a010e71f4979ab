/** Which tests a run has left out, and for want of what: noted by each module, told once at the end. */
import { basename } from "node:path";

/** One test that was not run. */
interface LeftOut {
  /** What is missing, and how to get it. */
  readonly need: string;
  readonly remedy: string;
  /** The file of the test, and its name. */
  readonly module: string;
  readonly test: string;
}

/** Names the file to note into. Without it, the environment itself is what the modules of a run share. */
export const LEFT_OUT_FILE = "AGENTFLOW_TEST_LEFT_OUT_FILE";
const ENTRY = "AGENTFLOW_TEST_LEFT_OUT_ENTRY_";

export function noteLeftOut(need: { readonly name: string; readonly remedy: string }, test: string): void {
  const module = basename(Deno.mainModule, ".test.ts");
  const entry: LeftOut = { need: need.name, remedy: need.remedy, module, test };
  const file = Deno.env.get(LEFT_OUT_FILE);
  if (file === undefined) Deno.env.set(ENTRY + crypto.randomUUID(), JSON.stringify(entry));
  else Deno.writeTextFileSync(file, `${JSON.stringify(entry)}\n`, { append: true });
}

/** What the modules of this process have noted. */
export function leftOutHere(): LeftOut[] {
  return Object.entries(Deno.env.toObject())
    .filter(([name]) => name.startsWith(ENTRY))
    .map(([, value]) => JSON.parse(value));
}

/** What was noted into `file`. */
export async function leftOutIn(file: string): Promise<LeftOut[]> {
  const lines = (await Deno.readTextFile(file)).split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line));
}

/** For people: by what is missing, what was left out and how to get it. */
export function summaryOf(entries: readonly LeftOut[]): string {
  const tests = new Set(entries.map(({ module, test }) => `${module} ${test}`));
  if (tests.size === 0) return "Nothing was left out: this machine has all that the tests can use.";
  const paragraphs = [...Map.groupBy(entries, ({ need }) => need)].sort(([a], [b]) => a < b ? -1 : 1)
    .map(([need, those]) => {
      const modules = [...new Set(those.map(({ module }) => module))].sort().join(", ");
      return `  ${need}: ${counted(those.length)}, in ${modules}\n    ${those[0]?.remedy ?? ""}\n`;
    });
  return `${counted(tests.size)} did not run, because this machine lacks:\n\n${paragraphs.join("\n")}`;
}

function counted(tests: number): string {
  return tests === 1 ? "1 test" : `${tests} tests`;
}
