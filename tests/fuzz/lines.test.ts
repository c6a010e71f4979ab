/** The splitter of an agent's stdout, under streams of every kind. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { LineSplitter } from "../../protocol/lines.ts";
import { holds } from "../support/fuzz.ts";

/** Many line feeds among all other bytes. */
const streams = fc.uint8Array({ maxLength: 400 }).map((bytes) => bytes.map((byte) => byte < 60 ? 10 : byte));
const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 30 });

function linesOf(chunks: readonly Uint8Array[], maxBytes: number, onOversize = (_start: string) => {}) {
  const splitter = new LineSplitter(maxBytes, onOversize);
  return [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.flush()];
}

function cut(stream: Uint8Array, pieces: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0, n = 0; at < stream.length; n++) {
    const size = pieces[n % pieces.length] ?? 1;
    chunks.push(stream.slice(at, at + size));
    at += size;
  }
  return chunks;
}

holds(
  "the splitter gives the same lines however the stream is cut",
  fc.tuple(streams, sizes),
  ([stream, pieces]) => assertEquals(linesOf(cut(stream, pieces), 1000), linesOf([stream], 1000)),
);

holds(
  "the splitter gives no line beyond its limit and no empty one, and says of each that it has left out",
  fc.tuple(streams, sizes),
  ([stream, pieces]) => {
    const starts: string[] = [];
    const lines = linesOf(cut(stream, pieces), 20, (start) => starts.push(start));
    for (const line of lines) assert(line.length <= 20 && line !== "" && !line.includes("\n"));
    const written = new TextDecoder("utf-8", { ignoreBOM: true }).decode(stream).split("\n");
    const short = written.filter((line) => new TextEncoder().encode(line).length <= 20 && line !== "");
    // A line of few bytes is never lost, whatever stands beside it.
    for (const line of short) assert(lines.includes(line), JSON.stringify(line));
    assert(lines.length + starts.length >= written.filter((line) => line !== "").length);
  },
);

holds(
  "text of any kind comes out of the splitter as it went in",
  fc.tuple(fc.array(fc.string({ unit: "grapheme" })), sizes),
  ([texts, pieces]) => {
    const lines = texts.map((text) => text.replaceAll("\n", "")).filter((line) => line !== "");
    const stream = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""));
    assertEquals(linesOf(cut(stream, pieces), 10_000), lines);
  },
);
