/** A misspelt word is asked about; a word of another meaning is not. */
import { assertEquals } from "@std/assert";
import { likelyMeant } from "../../../protocol/spelling.ts";

const KNOWN = ["temperature", "humidity", "door", "cpu", "load"];

Deno.test("letters left out, put in, replaced or swapped are found", () => {
  for (const slip of ["temprature", "temperrature", "tempereture", "tempertaure"]) {
    assertEquals(likelyMeant(slip, KNOWN), "temperature", slip);
  }
  assertEquals(likelyMeant("dorr", KNOWN), "door");
});

Deno.test("a word that is another is not taken for one", () => {
  for (const word of ["camera", "not", "cup", "light", "", "lamp", "doorbells"]) {
    assertEquals(likelyMeant(word, KNOWN), undefined, word);
  }
});
