/** Agent code in many forms, with what a node calls of it: held by the harness, which runs it, and by `check`, which reads it. */

export interface Form {
  readonly title: string;
  readonly code: string;
  /** What each function returns that is found, in the order of setup, process and handle_task; "-" where none is. */
  readonly found: string;
}

const form = (title: string, found: string, code: string): Form => ({ title, found, code });

export const FORMS: readonly Form[] = [
  form(
    "declarations",
    "s p h",
    `function setup() { return "s" } function process() { return "p" } function handle_task() { return "h" }`,
  ),
  form("exports", "s p -", `export function setup() { return "s" } export const process = () => "p";`),
  form("several on one line", "- p -", `const n = 1; export const process = () => n && "p";`),
  form("exports under another name", "- p -", `const run = () => "p"; export { run as process };`),
  form("the name handleTask", "- - h", `function handleTask() { return "h" }`),
  form(
    "a default export of an object, with this",
    "- p h",
    `export default { word: "p", process() { return this.word }, handle_task: () => "h" };`,
  ),
  form(
    "an instance of a class",
    "s p -",
    `class Base { setup() { return this.s } } class A extends Base { s = "s"; #p = "p"; process() { return this.#p } }
     export default new A();`,
  ),
  form(
    "static methods",
    "- p -",
    `export default class { static p = "p"; static process() { return this.p } }`,
  ),
  form(
    "an import of the same name beside the author's own",
    "s - -",
    `import { performance as process } from "node:perf_hooks"; import { deprecate as setup } from "node:util";
     export default { setup() { return "s" } }; process; setup;`,
  ),
  form("an import of the same name alone", "- - -", `import { deprecate as setup } from "node:util"; setup;`),
  form(
    "an import that is exported",
    "- - h",
    `import handle_task from "node:assert"; export { answer as handle_task };
     const answer = () => "h"; export { handle_task as check };`,
  ),
  form(
    "a class that nobody has made an instance of",
    "- - -",
    `export default class { process() { return "p" } }`,
  ),
  form("values that are no functions", "- - -", `const setup = 5; const process = { a: 1 };`),
  form("a comment", "- - -", `// function process() {}`),
  form("text", "- - -", "const code = `\nfunction process() {}\n`;"),
];

/** The same rule in Python; the word that a function returns is the letter of its name. */
export const PYTHON_FORMS: readonly Form[] = [
  form(
    "functions, async or not",
    "s p h",
    "async def setup(agent):\n    return 's'\ndef process(agent):\n    return 'p'\ndef handle_task(agent, payload):\n    return 'h'\n",
  ),
  form(
    "a condition",
    "s - -",
    "if True:\n    def setup(agent):\n        return 's'\nelse:\n    setup = None\n",
  ),
  form(
    "a method of an instance",
    "- p -",
    "class A:\n    p = 'p'\n    def process(self, agent):\n        return self.p\nprocess = A().process\n",
  ),
  form(
    "a static method",
    "- - h",
    "class A:\n    @staticmethod\n    def f(agent, payload):\n        return 'h'\nhandleTask = A.f\n",
  ),
  form(
    "an import of the same name alone",
    "- - -",
    "from json import dumps as setup\nimport math as process\n",
  ),
  form("an import that is listed", "s - -", "from builtins import repr as setup\n__all__ = ['setup']\n"),
  form("an import of everything", "- - -", "from types import *\nfrom json import *\n"),
  form("methods of a class alone", "- - -", "class A:\n    def process(self, agent):\n        return 'p'\n"),
  form("values that are no functions", "- - -", "setup = 5\n"),
];

/** The names that are found, as `check` lists them. */
export function namesFound({ found, code }: Form): string[] {
  const handler = code.includes("handleTask") ? "handleTask" : "handle_task";
  return ["setup", "process", handler].filter((_, index) => found.split(" ")[index] !== "-");
}
