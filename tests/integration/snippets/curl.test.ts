/** The snippets that need curl. */
import { requiredProgram } from "../../support/programs.ts";
import { testSnippets } from "../../support/snippet_scene.ts";

await testSnippets("curl", requiredProgram("curl") === undefined ? { missing: "curl" } : {});
