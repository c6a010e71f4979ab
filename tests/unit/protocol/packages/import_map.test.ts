import { assertEquals } from "@std/assert";
import { importMap } from "../../../../protocol/packages/import_map.ts";
import { parseSpecifiers } from "../../../../protocol/packages/specifiers.ts";

Deno.test("import map gives each package its bare name and a prefix for what is below it", () => {
  assertEquals(importMap(parseSpecifiers(["lodash@4", "npm:@s/p", "jsr:@std/fs@^1.2"])), {
    imports: {
      "lodash": "npm:lodash@4",
      "lodash/": "npm:/lodash@4/",
      "@s/p": "npm:@s/p",
      "@s/p/": "npm:/@s/p/",
      "@std/fs": "jsr:@std/fs@^1.2",
      "@std/fs/": "jsr:/@std/fs@^1.2/",
    },
  });
});
