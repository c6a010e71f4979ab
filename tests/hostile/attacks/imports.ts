/** Imports of what was not declared, by every route a module can take. */
import { type Attempts, probes } from "../probes.ts";
import type { Attack } from "../attack.ts";

const ATTEMPTS: Attempts = Object.fromEntries(
  [
    [`"/etc/passwd"`, `with { type: "text" }`],
    [`"file:///etc/passwd"`, `with { type: "text" }`],
    [`"file:///etc/passwd"`, `with { type: "bytes" }`],
    [`"file:///proc/self/environ"`, `with { type: "text" }`],
    [`"file://DIR/secret.json"`, `with { type: "json" }`],
    [`"file://DIR/secret.ts"`, ""],
    [`"file://DIR/secret.js"`, ""],
    [`"DIR/secret.ts"`, ""],
    [`"https://127.0.0.1:1/mod.ts"`, ""],
    [`"http://127.0.0.1:PORT/mod.ts"`, ""],
    [`"https://deno.land/std/version.ts"`, ""],
    [`"npm:mqtt"`, ""],
    [`"npm:ms@2"`, ""],
    [`"mqtt"`, ""],
    [`"jsr:@std/assert"`, ""],
    [`"@std/assert"`, ""],
  ].flatMap(([specifier = "", attributes = ""]) => {
    const fill = (text: string) => `${text}.replaceAll("DIR", given.dir).replaceAll("PORT", given.port)`;
    const source = JSON.stringify(`import x from ${specifier} ${attributes}; export default x;`);
    const posted = JSON.stringify(`import x from ${specifier} ${attributes}; postMessage(x);`);
    const options = attributes === "" ? "" : `, ${attributes.replace("with", "{ with:")} }`;
    const title = `${specifier} ${attributes}`;
    return [
      [`${title} dynamically`, `return (await import(${fill(specifier)}${options})).default;`],
      [`${title} from a blob`, `return await fromModule(blobUrl(${fill(source)}));`],
      [`${title} from data`, `return await fromModule(dataUrl(${fill(source)}));`],
      [
        `${title} from data in a blob`,
        `return await fromModule(blobUrl("export { default } from " + JSON.stringify(dataUrl(${
          fill(source)
        }))));`,
      ],
      [`${title} from a blob's worker`, `return await fromWorker(blobUrl(${fill(posted)}));`],
      [`${title} from a data worker`, `return await fromWorker(dataUrl(${fill(posted)}));`],
    ];
  }),
);

export const imports: readonly Attack[] = probes("imports", ATTEMPTS);
