/** The snippets that need curl. */
import { programs } from "../../support/programs.ts";
import { testSnippets } from "../../support/snippet_scene.ts";

await testSnippets("curl", { needs: [programs("curl", "curl")] });
