/** The snippets that need this project and nothing else. */
import { testSnippets } from "../../support/snippet_scene.ts";

await testSnippets("node");
