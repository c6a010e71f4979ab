/** What comes up the pipe is the agent's word: frames that no harness would write, and bytes that are no frames. */
import { type Attack, type HostileAgent, type Scene, slug } from "../attack.ts";
import { assertAnswers, lastWord, launch, stop } from "../scenes.ts";

/** Code of an agent that writes by hand: `body` sees `raw(text or bytes)`. */
const writing = (body: string) => `
const write = Deno.stdout.writeSync.bind(Deno.stdout);
function raw(data) {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  for (let offset = 0; offset < bytes.length;) offset += write(bytes.subarray(offset));
}
async function setup(agent) {
  ${body}
  raw("\\n");
}`;

/** Lines that are no frames: the node takes them for output of the agent, and does nothing else with them. */
const NO_FRAMES: readonly string[] = [
  `{"t":"start"}`,
  `{"t":"ack","n":1}`,
  `{"t":"shutdown"}`,
  `{"t":"__proto__"}`,
  `{"t":"constructor"}`,
  `{"t":null}`,
  `{"t":{}}`,
  `{"t":"log"}`,
  `{"t":"log","level":"fatal","message":"x"}`,
  `{"t":"publish","topic":5,"qos":1,"retain":false,"text":"x"}`,
  `{"t":"publish","topic":"a","qos":3,"retain":false,"text":"x"}`,
  `{"t":"publish","topic":"a","qos":1,"retain":false,"text":"x","base64":"eA=="}`,
  `{"t":"publish","__proto__":{"topic":"a","qos":1,"retain":false,"text":"x"}}`,
  `{"t":"send_to","id":-1,"to":"x","payload":1,"timeout_ms":1}`,
  `{"t":"send_to","id":1,"to":"x","payload":1,"timeout_ms":1e999}`,
  `{"t":"pong","n":1e300}`,
  `{"t":"error","phase":"x","error":"x","traceback":"x","consecutive":0}`,
  `{"t":"status","text":5}`,
  `{"t":"loaded"}`,
  `{"t":"device","id":1}`,
  `{"t":"device","id":-1,"request":{"op":"sensors"}}`,
  `{"t":"device","id":1,"request":{"op":"write","sensor":"temperature"}}`,
  `{"t":"device","id":1,"request":{"op":"read","sensor":{"id":"temperature"}}}`,
  `{"t":"device","id":1,"request":{"op":"read","sensor":"${"x".repeat(201)}"}}`,
  `{"t":"device","id":1,"request":{"op":"open","kind":"gpio","entry":"GPIO1","options":{"direction":"out"}}}`,
  `{"t":"device","id":1,"request":{"op":"open","kind":"gpio","entry":"GPIO1","options":{"path":"/dev/mem"}}}`,
  `{"t":"device","id":1,"request":{"op":"act","handle":1,"action":{"do":"set","value":2}}}`,
  `{"t":"device","id":1,"request":{"op":"open","kind":"i2c","entry":"1:0x76"}}`,
  `{"t":"device","id":1,"request":{"op":"open","kind":"constructor","entry":"1:0x76","options":{}}}`,
  `{"t":"device","id":1,"request":{"op":"act","handle":1,"action":{"do":"constructor"}}}`,
  `{"t":"device","id":1,"request":{"op":"act","handle":1,"action":{"do":"transfer","steps":[{"read":8193}]}}}`,
  `{"t":"device","id":1,"request":{"op":"act","handle":1,"action":{"do":"transfer","steps":[{"read":1,"write":"AA=="}]}}}`,
  `{"t":"device","id":1,"request":{"op":"grant","agent":"neighbour","unit":1}}`,
  `{"t":"ready"`,
  `[]`,
];

/** Frames that the node reads and refuses to carry out. */
const REFUSED: readonly (readonly [frame: string, says: RegExp])[] = [
  [`{"t":"publish","topic":"a","qos":1,"retain":false,"base64":"%%%"}`, /the payload is not base64/],
  [`{"t":"publish","topic":"a/#","qos":1,"retain":false,"text":"x"}`, /must not contain the wildcards/],
  [`{"t":"publish","topic":"","qos":1,"retain":false,"text":"x"}`, /must not be empty/],
  [`{"t":"publish","topic":"a\\u0000","qos":1,"retain":false,"text":"x"}`, /NUL/],
  [`{"t":"publish","topic":"a\\u0001","qos":1,"retain":false,"text":"x"}`, /control characters/],
  [`{"t":"publish","topic":"a\\uffff","qos":1,"retain":false,"text":"x"}`, /noncharacters/],
  [`{"t":"publish","topic":"a\\ud800","qos":1,"retain":false,"text":"x"}`, /well-formed Unicode/],
  [`{"t":"publish","topic":"$SYS/x","qos":1,"retain":false,"text":"x"}`, /belong to the broker/],
  [`{"t":"publish","topic":"${"a/".repeat(300)}","qos":1,"retain":false,"text":"x"}`, /more than 100 levels/],
  [
    `{"t":"publish","topic":"${"a".repeat(70_000)}","qos":1,"retain":false,"text":"x"}`,
    /longer than 65535 bytes/,
  ],
  [`{"t":"send_to","id":1,"to":"a/b","payload":1,"timeout_ms":1}`, /send_to: an agent's name must be/],
  [`{"t":"send_to","id":1,"to":"+","payload":1,"timeout_ms":1}`, /send_to: an agent's name must be/],
];

function shown(line: string): string {
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}

const noFrames = NO_FRAMES.map((line, index): HostileAgent => ({
  kind: "agent",
  id: `pipe-line-${index}`,
  category: "pipe",
  tries: `forge ${shown(line)}`,
  code: writing(`raw("\\n" + ${JSON.stringify(line)} + "\\n");`),
  expect: { on: "logs", says: new RegExp(`^${RegExp.escape(line)}$`) },
}));

const refused = REFUSED.map(([line, says], index): HostileAgent => ({
  kind: "agent",
  id: `pipe-frame-${index}`,
  category: "pipe",
  tries: `forge ${shown(line)}`,
  code: writing(`raw("\\n" + ${JSON.stringify(line)} + "\\n");`),
  expect: { on: "logs", says: new RegExp(`^Refused by the node: .*${says.source}`) },
}));

/** Frames that mean nothing where they come: answers nobody waits for, and states that were had before. */
const MEANINGLESS: readonly string[] = [
  `{"t":"unsubscribe","id":99}`,
  `{"t":"task_done","id":99,"value":1}`,
  `{"t":"task_done","id":0,"value":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}}`,
  `{"t":"task_failed","id":99,"error":"x","traceback":"x"}`,
  `{"t":"pong","n":9007199254740991}`,
  `{"t":"send_to","id":1,"to":"nobody","payload":{"__proto__":{"polluted":1}},"timeout_ms":1e308}`,
  `{"t":"subscribe","id":1,"filter":"a#"}`,
  `{"t":"subscribe","id":1,"filter":"$share/g/#"}`,
  `{"t":"subscribe","id":1,"filter":"${"+/".repeat(300)}"}`,
  `{"t":"device","id":1,"request":{"op":"act","handle":1,"action":{"do":"set","value":1}}}`,
  `{"t":"device","id":1,"request":{"op":"act","handle":1,"action":{"do":"transfer","steps":[{"read":1}]}}}`,
  `{"t":"device","id":1,"request":{"op":"open","kind":"i2c","entry":"1:0x76","options":{}}}`,
  `{"t":"device","id":1,"request":{"op":"close","handle":1}}`,
  `{"t":"device","id":1,"request":{"op":"read","sensor":"power"}}`,
  `{"t":"device","id":1,"request":{"op":"read","sensor":"w1/../../../../etc/passwd"}}`,
  `{"t":"loaded","process":true}`,
  `{"t":"ready"}`,
  `{"t":"held"}`,
];

/** Writes, goes on, and is heard of again: node and neighbour have noticed nothing. */
function harmless(id: string, tries: string, body: string): Scene {
  return {
    kind: "scene",
    id,
    category: "pipe",
    tries,
    play: async (field, id) => {
      const { bus, node } = field;
      const from = bus.mark();
      await launch(field, id, writing(`${body}\nraw("\\n"); await agent.publish("forged/${id}", 1);`));
      await lastWord(field, id, from);
      await assertAnswers(field);
      const { json } = await bus.ask(`nodes/${node.name}/list`, {});
      if (json.polluted !== undefined) throw new Error("a prototype of the node was changed");
      if (bus.all(`nodes/${node.name}/status`, from).length > 0) {
        throw new Error("the node has lost its broker");
      }
      await stop(field, id);
      return "ignored; node and neighbour answer";
    },
  };
}

const DEEP = `'{"0":'.repeat(100000) + '1' + '}'.repeat(100001)`;
const part = "const part = new Uint8Array(1 << 20).fill(97);";

/** Amounts and shapes that a line must not have. */
const SHAPES: Readonly<Record<string, string>> = {
  "a line of 100 MiB": `${part} for (let n = 0; n < 100; n++) raw(part);`,
  "a frame of 100 MiB": `raw('\\n{"t":"log","level":"info","message":"');
    ${part} for (let n = 0; n < 100; n++) raw(part); raw('"}\\n');`,
  "4 MiB of noise": `const noise = new Uint8Array(65536);
    for (let n = 0; n < 64; n++) { crypto.getRandomValues(noise); raw(noise); }`,
  "text without a line feed, byte by byte":
    `const one = new Uint8Array([97]); for (let n = 0; n < 100000; n++) raw(one);`,
  "a million empty lines": `raw(new Uint8Array(1000000).fill(10));`,
  "10 frames of 4 MiB": `const text = "x".repeat(4 << 20);
    for (let n = 0; n < 10; n++) raw('\\n{"t":"publish","topic":"big","qos":1,"retain":false,"text":"' + text + '"}\\n');`,
  "a result of 100,000 levels": `raw('\\n{"t":"result","data":' + ${DEEP} + '\\n');`,
  "a detection of 100,000 levels": `raw('\\n{"t":"detection","data":' + ${DEEP} + '\\n');`,
  "a question of 100,000 levels":
    `raw('\\n{"t":"send_to","id":1,"to":"x","timeout_ms":1,"payload":' + ${DEEP} + '\\n');`,
  "an answer of 100,000 levels": `raw('\\n{"t":"task_done","id":1,"value":' + ${DEEP} + '\\n');`,
  "invalid UTF-8 in a frame":
    `raw('\\n{"t":"log","level":"info","message":"'); raw(new Uint8Array([0xc3, 0x28, 0xff])); raw('"}\\n');`,
  "half a frame, and the rest much later":
    `raw('\\n{"t":"pub'); await new Promise((r) => setTimeout(r, 300)); raw('lish","topic":"a/#"}\\n');`,
};

export const pipe: readonly Attack[] = [
  ...noFrames,
  ...refused,
  ...MEANINGLESS.map((line, index) =>
    harmless(`pipe-odd-${index}`, `forge ${shown(line)}`, `raw("\\n" + ${JSON.stringify(line)} + "\\n");`)
  ),
  ...Object.entries(SHAPES).map(([tries, body]) => harmless(`pipe-${slug(tries)}`, tries, body)),
];
