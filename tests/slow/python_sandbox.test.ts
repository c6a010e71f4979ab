/** What agents in Python reach for and must not get: by Python's own means, and by way of JavaScript. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { installPython } from "../support/python.ts";
import { Stage } from "../support/stage.ts";

/** Each is Python that ends in an expression; `path` is a file of the host, `url` a server on it. */
const ATTACKS: Readonly<Record<string, string>> = {
  "open": "open(path).read()",
  "os.open": "__import__('os').read(__import__('os').open(path, 0), 99)",
  "pathlib": "__import__('pathlib').Path(path).read_text()",
  "listdir": "__import__('os').listdir(folder)",
  "mmap": "__import__('mmap').mmap(__import__('os').open(path, 0), 9)[:]",
  "import of a host file": "(__import__('sys').path.insert(0, folder), __import__('host_module').SECRET)[1]",
  "js.Deno.readTextFileSync": "__import__('js').Deno.readTextFileSync(path)",
  "js.Deno.open": "(await __import__('js').Deno.open(path))",
  "js.fetch of a file": "(await (await __import__('js').fetch('file://' + path)).text())",
  "js.eval": "__import__('js').eval(f'Deno.readTextFileSync({path!r})')",
  "js.Function": "__import__('js').Function(f'return Deno.readTextFileSync({path!r})')()",
  "run_js": "__import__('pyodide.code').code.run_js(f'Deno.readTextFileSync({path!r})')",
  "run_js, import":
    "(await __import__('pyodide.code').code.run_js(f'import({path!r}, {{ with: {{ type: \"text\" }} }})'))",
  "run_js, node:fs":
    "(await __import__('pyodide.code').code.run_js(f'import(\"node:fs\").then((fs) => fs.readFileSync({path!r}, \"utf8\"))'))",
  "run_js, process.binding":
    "__import__('pyodide.code').code.run_js('process.binding(\"fs\")').readFile(path)",
  "run_js, Worker":
    "__import__('pyodide.code').code.run_js(f'new Promise((done, fail) => {{ const w = new Worker(URL.createObjectURL(new Blob([`try {{ postMessage(Deno.readTextFileSync({path!r})) }} catch (e) {{ postMessage(String(e)) }}`])), {{ type: \"module\" }}); w.onmessage = (m) => done(m.data); w.onerror = fail; }})')",
  "pyodide_js.mountNodeFS":
    "(__import__('pyodide_js').mountNodeFS('/host', folder), open('/host/canary.txt').read())[1]",
  "pyodide_js.FS, NODEFS":
    "(__import__('pyodide_js').FS.mkdir('/h2'), __import__('pyodide_js').FS.mount(__import__('pyodide_js').FS.filesystems.NODEFS, __import__('js').Object.fromEntries(__import__('js').eval(f'[[\"root\", {folder!r}]]')), '/h2'), open('/h2/canary.txt').read())[2]",
  "pyodide_js.loadPackage": "(await __import__('pyodide_js').loadPackage('numpy'), __import__('numpy'))[1]",
  "pyodide_js._api": "__import__('pyodide_js')._api.config.jsglobals.Deno.readTextFileSync(path)",
  "write": "__import__('js').Deno.writeTextFileSync(path, 'overwritten')",
  "write to the interpreter": "__import__('js').Deno.writeTextFileSync(library + '/pyodide.mjs', 'poisoned')",
  "write a snapshot": "__import__('js').Deno.writeTextFileSync(snapshot, 'poisoned')",
  "remove the interpreter": "__import__('js').Deno.removeSync(library + '/pyodide.asm.wasm')",
  "state of another":
    "__import__('js').Deno.readTextFileSync(states + '/agentflow_first-in-python_state.json')",
  "folder of states": "[e.name for e in __import__('js').Deno.readDirSync(states)]",
  "folder above the interpreter": "[e.name for e in __import__('js').Deno.readDirSync(library + '/..')]",
  "/proc": "__import__('js').Deno.readTextFileSync('/proc/self/environ')",
  "socket": "__import__('socket').create_connection((host, port), 2)",
  "urllib": "__import__('urllib.request').request.urlopen(url, timeout=2).read()",
  "http.client":
    "(lambda c: (c.request('GET', '/'), c.getresponse()))(__import__('http.client').client.HTTPConnection(host, port, timeout=2))",
  "asyncio.open_connection": "(await __import__('asyncio').open_connection(host, port))",
  "pyfetch": "(await (await __import__('pyodide.http').http.pyfetch(url)).string())",
  "open_url": "__import__('pyodide.http').http.open_url(url).read()",
  "js.fetch": "(await (await __import__('js').fetch(url)).text())",
  "js.WebSocket":
    "(await __import__('pyodide.code').code.run_js(f'new Promise((done, fail) => {{ const s = new WebSocket({url.replace(\"http\", \"ws\")!r}); s.onopen = done; s.onerror = (e) => fail(new Error(e.message)); }})'))",
  "js.Deno.connect":
    "(await __import__('pyodide.code').code.run_js(f'Deno.connect({{ hostname: {host!r}, port: {port} }})'))",
  "subprocess": "__import__('subprocess').check_output(['id'])",
  "os.system": "__import__('os').system('touch ' + path + '.touched') + 1 or 1 / 0",
  "os.fork": "__import__('os').fork()",
  "js.Deno.Command": "__import__('pyodide.code').code.run_js('new Deno.Command(\"id\").outputSync()')",
  "js.Deno.dlopen": "__import__('pyodide.code').code.run_js('Deno.dlopen(\"libc.so.6\", {})')",
  "ctypes": "__import__('ctypes').CDLL('libc.so.6').getpid()",
  "os.environ": "{'PATH': __import__('os').environ['AGENTFLOW_CANARY']}",
  "js.Deno.env": "__import__('js').Deno.env.get('AGENTFLOW_CANARY') or 1 / 0",
  "hostname": "__import__('js').Deno.hostname()",
  "caches":
    "(await (await __import__('js').caches.open('x')).put('http://x/', __import__('js').Response.new('x')))",
  "localStorage": "__import__('js').localStorage.setItem('x', 'y')",
};

const code = (facts: Record<string, unknown>) => `
import asyncio, json
facts = json.loads(${JSON.stringify(JSON.stringify(facts))})

async def handle_task(agent, attack):
    source = "async def attempt():\\n    return (" + attack + ")\\n"
    space = dict(facts)
    exec(source, space)
    try:
        result = await asyncio.wait_for(space["attempt"](), 10)
        while hasattr(result, "__await__"):
            result = await asyncio.wait_for(result, 10)
        return {"got": repr(result)}
    except BaseException as error:
        return {"refused": f"{type(error).__name__}: {error}"}
`;

Deno.test("an agent in Python gets nothing of the host, by no way", async () => {
  const folder = await Deno.makeTempDir({ prefix: "agentflow-host-" });
  const path = join(folder, "canary.txt");
  await Deno.writeTextFile(path, "canary of the host");
  await Deno.writeTextFile(join(folder, "host_module.py"), "SECRET = 'canary of the host'\n");
  let connections = 0;
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
    connections += 1;
    return new Response("canary of the server");
  });
  await using stage = await Stage.set({ env: { AGENTFLOW_CANARY: "canary of the environment" } });
  await installPython(stage);
  const python = join(stage.node.workDir, "python");
  const library = join(python, "314.0.7");
  const snapshot = join(
    library,
    (await Array.fromAsync(Deno.readDir(library))).find(({ name }) => name.startsWith("snapshot-"))?.name ??
      "",
  );
  const before = await digests(library);
  const { port } = server.addr as Deno.NetAddr;
  const facts = {
    path,
    folder,
    library,
    snapshot,
    states: stage.node.stateDir,
    host: "127.0.0.1",
    port,
    url: `http://127.0.0.1:${port}/`,
  };
  await stage.spawn({
    name: "attacker",
    max_restarts: 100,
    restart_delay: 0.01,
    language: "python",
    code: code(facts),
  });
  const gained: string[] = [];
  for (const [name, attack] of Object.entries(ATTACKS)) {
    const { json } = await stage.bus.ask("agents/by-name/attacker/task", { payload: attack });
    const text = JSON.stringify(json);
    const isRefused = "refused" in json || "error" in json || /NotCapable|Requires/.test(text);
    if (!isRefused || text.includes("canary of")) gained.push(`${name}: ${text}`);
  }
  assertEquals(gained, []);
  assertEquals(connections, 0);
  assertEquals(await Deno.readTextFile(path), "canary of the host");
  assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), [
    "canary.txt",
    "host_module.py",
  ]);
  assertEquals(await digests(library), before);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("an agent in Python has the flags of any other, and may read its interpreter besides", async () => {
  await using stage = await Stage.set();
  await installPython(stage);
  const { pid } = (await stage.list()).get("first-in-python");
  const flags = (await Deno.readTextFile(`/proc/${pid}/cmdline`)).split("\0");
  const read = flags.find((flag) => flag.startsWith("--allow-read=")) ?? "";
  const state = join(stage.node.stateDir, "agentflow_first-in-python_state.json");
  assertEquals(read, `--allow-read=${state},${state}.tmp,${join(stage.node.workDir, "python", "314.0.7")}`);
  assertEquals(
    flags.find((flag) => flag.startsWith("--allow-write=")),
    `--allow-write=${state},${state}.tmp`,
  );
  for (const kind of ["env", "run", "sys", "ffi"]) assert(flags.includes(`--deny-${kind}`), kind);
  assertMatch(flags.find((flag) => flag.startsWith("--allow-net=")) ?? "", /^--allow-net=127\.0\.0\.1:\d+$/);
});

Deno.test("memory that Python takes beyond the limit ends the agent, by name and number", async () => {
  await using stage = await Stage.set();
  await installPython(stage);
  const agent = await stage.spawn({
    name: "hog",
    max_restarts: 1,
    restart_delay: 0.05,
    language: "python",
    code: "import asyncio\n\nkept = []\n\nasync def process(agent):\n    for _ in range(1000):\n" +
      "        kept.append(bytearray(b'x') * (8 << 20))\n        await asyncio.sleep(0.02)\n",
  });
  const { json } = await agent.on("errors", (json) => json.phase === "supervisor");
  assertMatch(json.error, /memory limit/);
});

async function digests(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { name } of Deno.readDir(folder)) {
    const bytes = await Deno.readFile(join(folder, name));
    found[name] = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  }
  return found;
}
