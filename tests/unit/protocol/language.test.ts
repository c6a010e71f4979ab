import { assertEquals } from "@std/assert";
import { growsTooFast } from "../../support/growth.ts";
import { cannotBePython, looksLikePython, readingOf } from "../../../protocol/language.ts";

const PYTHON = [
  "async def setup(agent):\n    await agent.log(f'{agent.name!r} => {1 if True else 2}')\n",
  'def process(agent):\n    """const x = () => { return a && b ? c : d }"""\n    # export function f() {}\n',
  "x = 'a' 'b' \"c\"\nprint(x) if x else None\n",
  "match command:\n    case {'a': 1}:\n        pass\n    case [1, *rest] if rest:\n        pass\n",
  "type Pair = tuple[int, int]\nasync def f():\n    async with a as b, c as d:\n        yield b\n",
  "d = {\n    'a': {'b': 1}}\nassert d != {}\nx = 0xff if d else 1e5\n",
  "@decorated\nclass A(B, metaclass=C):\n    x: int = 1\n",
  "raw = rb'\\'' + b'''x'''\nlam = lambda a, *b, **c: (a, b)\n",
  "from a import (b as c, d)\nimport e.f as g\nglobal h\nnot_in = 1 not in [2]\n",
  "print 'two'\nexec 'three'\n",
  'x = f"{d[\'a\']:>{width}}"\ny = f"{d["a"]!r}"\n',
  "total = 1 \\\n    + 2\n",
];
const TYPESCRIPT = [
  "async function setup(agent) {}",
  "const f = 1",
  "export const process = async (agent: Agent) => {};",
  "let x = a && b;",
  "setup = agent => 1",
  "export default { async setup(agent) { await agent.log('x'); } }",
  "throw new Error('x')",
  "// it's a comment\nfunction f() {}",
  "if (a) { b(); }",
  "const s = `template`",
  "class A { #x = 1; y?: number }",
  "for (const x of y) f(x)",
];

Deno.test("of Python code it is never said that it cannot be Python", () => {
  for (const code of PYTHON) assertEquals(cannotBePython(code), false, code);
});

Deno.test("TypeScript with a function in it is known without a parser", () => {
  for (const code of TYPESCRIPT) assertEquals(cannotBePython(code), true, code);
});

const BROKEN_PYTHON = [
  "async def setup(agent):\n    retrun 1\n",
  "Here is the code:\n\nasync def setup(agent):\n    return 1\n",
  "import random\nx = !y\n",
  "from random import uniform\nconst x\n",
  "import os.path  # what for?\r\n$x",
  "try:\n    f(x y)\nexcept ValueError:\n    pass\n",
];
const TYPESCRIPT_WITH_PYTHON_IN_IT = [
  "const py = `\ndef setup(agent):\n    import os\nfrom x import y\n`;",
  "/*\ndef setup(agent):\n  pass\n*/\nfunction f() {}",
  "// def f():\n//\nfunction f() { return 'def f():'; }",
  'import x from "y";\nimport "z";\nimport * as a from "b";\nconst c = 1;',
  "import type { A } from 'a';\nimport {\n  b,\n} from 'b';\nconst c = 1;",
];

Deno.test("what Python's author has got wrong is explained by Python", () => {
  for (const code of BROKEN_PYTHON) {
    assertEquals([cannotBePython(code), looksLikePython(code)], [true, true], code);
    assertEquals(readingOf({ code, install: [], language: undefined }), "undecided", code);
  }
});

Deno.test("TypeScript needs no Python to be known, whatever its strings and comments hold", () => {
  for (const code of [...TYPESCRIPT, ...TYPESCRIPT_WITH_PYTHON_IN_IT]) {
    assertEquals(readingOf({ code, install: [], language: undefined }), "typescript", code);
  }
});

Deno.test("a string that is never closed ends with its line, or with the code", () => {
  assertEquals(cannotBePython("x = 'open\nconst y = 1"), true);
  assertEquals(cannotBePython('"""open\nconst y = 1'), false);
});

Deno.test("what the sender says counts, then what it installs, then the code", () => {
  const of = (code: string, install: string[] = [], language?: "python" | "typescript" | "javascript") =>
    readingOf({ code, install, language });
  assertEquals(of("const x = 1", [], "python"), "python");
  assertEquals(of("def f(): pass", [], "javascript"), "typescript");
  assertEquals(of("x = 1", ["npm:ms"]), "typescript");
  assertEquals(of("x = 1", ["@scope/name"]), "typescript");
  assertEquals(of("x = 1", ["pypi:six"]), "python");
  assertEquals(of("const x = 1"), "typescript");
  assertEquals(of("x = 1", ["six"]), "undecided");
  assertEquals(of("```python\nx = 1\n```"), "python");
});

Deno.test("ten times the code is about ten times the work, whatever it is", () => {
  const parts = [
    ...["\"'\\", "'", '"', "`", "`${", "`${{", "'''", '"""', "'''\\", "/*", "//", "/", "/[", "\\", "{", "}"],
    ...[
      "import ",
      "from ....",
      "def ",
      "elif :",
      "except ",
      "async ",
      'a"',
      "\n'",
      "\"'\\\\",
      "0",
      "é",
      "(",
      "#",
    ],
  ];
  for (const part of parts) {
    for (const [head, tail] of [["", ""], ["x = ", "'"], ["x = `", "\n"]] as const) {
      const read = (length: number) => {
        const code = head + part.repeat(Math.ceil(length / part.length)) + tail;
        readingOf({ code, install: [], language: undefined });
        // Each for itself, too: the first answer may make the second needless.
        cannotBePython(code);
        looksLikePython(code);
      };
      assertEquals(growsTooFast(read, [2000, 20_000]), false, JSON.stringify([head, part, tail]));
    }
  }
});

Deno.test("a semicolon in brackets is no Python", () => {
  for (const code of ["console.log(1); for (;;);", "f(1; 2)"]) {
    assertEquals([cannotBePython(code), code], [true, code]);
  }
  for (const code of ["x = {'a': [1,\n 2]}; y = 1", "print(')')  # (", 's = """(\n"""', "f(\n  1,\n)"]) {
    assertEquals([cannotBePython(code), code], [false, code]);
  }
});
