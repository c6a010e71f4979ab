/** The snippets that need npm, and install what this project makes. */
import { programs } from "../../support/programs.ts";
import { testSnippets } from "../../support/snippet_scene.ts";

await testSnippets("npm", { needs: [programs("Node.js", "node", "npm")] });
