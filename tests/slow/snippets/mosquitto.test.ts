/** The snippets that need mosquitto's clients; the broker is the node's own. */
import { MOSQUITTO } from "../../support/brokers.ts";
import { testSnippets } from "../../support/snippet_scene.ts";

await testSnippets("mosquitto", { needs: [MOSQUITTO] });
