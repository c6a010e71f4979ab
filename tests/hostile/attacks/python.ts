/** What agents in Python reach for, by Python's own means and by way of the JavaScript around them. */
import { type Attack, type HostileAgent, slug } from "../attack.ts";

const RUN_JS = "__import__('pyodide.code').code.run_js";

/** What it tries, Python that ends in what it got, and what the error says. */
const ATTEMPTS: Readonly<Record<string, readonly [expression: string, says: RegExp]>> = {
  "a file of the host": ["open('%dir%/policy.json').read()", /FileNotFoundError/],
  "a folder of the host": ["__import__('os').listdir('%dir%')", /FileNotFoundError/],
  "a file by way of js": ["__import__('js').Deno.readTextFileSync('%dir%/policy.json')", /NotCapable/],
  "a file by way of js.fetch": [
    "await (await __import__('js').fetch('file://%dir%/policy.json')).text()",
    /NotCapable|TypeError|JsException/,
  ],
  "a file by way of run_js": [`${RUN_JS}("Deno.readTextFileSync('%dir%/policy.json')")`, /NotCapable/],
  "a file by way of an import": [
    `await ${RUN_JS}("import('%dir%/policy.json', { with: { type: 'json' } })")`,
    /read access|NotCapable|Requires/,
  ],
  "the host's file system, mounted": [
    "(__import__('pyodide_js').mountNodeFS('/host', '%dir%'), open('/host/policy.json').read())[1]",
    /Error|Exception/,
  ],
  "the state of the neighbour": [
    "__import__('js').Deno.readTextFileSync('%state%/agentflow_neighbour_state.json')",
    /NotCapable/,
  ],
  "to change the interpreter of all": [
    "__import__('js').Deno.writeTextFileSync('%work%/python/314.0.7/pyodide.mjs', 'poison')",
    /NotCapable/,
  ],
  "a socket": ["__import__('socket').create_connection(('127.0.0.1', %other%), 2)", /Error/],
  "a page by urllib": ["__import__('urllib.request').request.urlopen('http://127.0.0.1:%other%/')", /Error/],
  "a page by pyfetch": [
    "await (await __import__('pyodide.http').http.pyfetch('http://127.0.0.1:%other%/')).string()",
    /NotCapable|Requires|Error/,
  ],
  "a process": ["__import__('subprocess').check_output(['id'])", /Error/],
  "a process by way of js": [`${RUN_JS}("new Deno.Command('/usr/bin/id').outputSync()")`, /NotCapable/],
  "the environment": ["__import__('os').environ['RUNNER_SECRET']", /KeyError/],
  "a secret of another": ["agent.secret('ACME_KEY')", /RuntimeError: No secret/],
  "a control topic": ["await agent.publish('nodes/%node%/stop_all', {})", /RuntimeError: .*control topics/],
};

export const python: readonly Attack[] = Object.entries(ATTEMPTS).map(
  ([tries, [expression, says]]): HostileAgent => {
    const id = `python-${slug(tries)}`;
    return {
      kind: "agent",
      id,
      category: "python",
      tries,
      config: { language: "python" },
      code: `async def setup(agent):
    try:
        got = ${expression}
        await agent.publish("stolen/${id}", repr(got))
    except BaseException as error:
        await agent.log(f"refused: {type(error).__name__}: {error}")
`,
      expect: { on: "logs", says: new RegExp(`^refused: .*(${says.source})`, "s") },
    };
  },
);
