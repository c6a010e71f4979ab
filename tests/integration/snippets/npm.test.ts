/** The snippets that need npm, and install what this project makes. */
import { requiredProgram } from "../../support/programs.ts";
import { testSnippets } from "../../support/snippet_scene.ts";

await testSnippets("npm", requiredProgram("npm") === undefined ? { missing: "npm" } : {});
