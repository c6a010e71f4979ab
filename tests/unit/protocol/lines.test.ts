import { assertEquals } from "@std/assert";
import { LineSplitter } from "../../../protocol/lines.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** What comes out when `input` arrives in the chunks that `cuts` make. */
function split(input: Uint8Array, cuts: readonly number[], maxBytes = 1000) {
  const oversize: string[] = [];
  const splitter = new LineSplitter(maxBytes, (start) => oversize.push(start));
  const lines: string[] = [];
  let from = 0;
  for (const to of [...cuts, input.length]) {
    // A copy that is overwritten afterwards: the chunk belongs to the caller.
    const chunk = input.slice(from, to);
    lines.push(...splitter.push(chunk));
    chunk.fill(0x58);
    from = to;
  }
  lines.push(...splitter.flush());
  return { lines, oversize };
}

Deno.test("lines are the same wherever the chunks end", () => {
  const input = bytes('{"a":"ü€😀"}\n\nsecond line\n\uFEFFmarked\nlast without its end');
  const expected = {
    lines: ['{"a":"ü€😀"}', "second line", "\uFEFFmarked", "last without its end"],
    oversize: [],
  };
  for (let first = 0; first <= input.length; first++) {
    assertEquals(split(input, [first]), expected, `cut at ${first}`);
    for (let second = first; second <= input.length; second++) {
      assertEquals(split(input, [first, second]), expected, `cut at ${first} and ${second}`);
    }
  }
  assertEquals(split(input, Array.from(input.keys())), expected, "one byte at a time");
});

Deno.test("empty lines are left out, and a stream that ends with its line leaves nothing behind", () => {
  assertEquals(split(bytes("\n\n\na\n\n"), []).lines, ["a"]);
  assertEquals(split(bytes(""), []).lines, []);
});

Deno.test("invalid UTF-8 becomes U+FFFD, and the lines around it are whole", () => {
  const input = Uint8Array.from([...bytes("a\n"), 0xff, 0xfe, 0x0a, ...bytes("b\n"), 0xe2, 0x82]);
  assertEquals(split(input, []).lines, ["a", "\uFFFD\uFFFD", "b", "\uFFFD"]);
});

Deno.test("an oversize line is told once with its beginning, and the lines after it come through", () => {
  const input = bytes(`ok\n${"0123456789".repeat(3)}\nnext\nlast`);
  const expected = { lines: ["ok", "next", "last"], oversize: ["012345678901234567890123456789"] };
  assertEquals(split(input, [], 20), expected);
  for (let cut = 0; cut <= input.length; cut++) {
    const { lines, oversize } = split(input, [cut], 20);
    assertEquals(lines, expected.lines, `cut at ${cut}`);
    assertEquals(oversize.length, 1, `cut at ${cut}`);
    assertEquals(oversize[0], expected.oversize[0]?.slice(0, oversize[0]?.length), `cut at ${cut}`);
  }
  const byteWise = split(input, Array.from(input.keys()), 20);
  assertEquals(byteWise, { lines: expected.lines, oversize: ["012345678901234567890"] });
});

Deno.test("every oversize line is told, and only the first 200 bytes of each", () => {
  const input = bytes(`${"a".repeat(1001)}\n${"b".repeat(5000)}\nend\n`);
  const expected = { lines: ["end"], oversize: ["a".repeat(200), "b".repeat(200)] };
  assertEquals(split(input, []), expected);
  assertEquals(split(input, Array.from({ length: 60 }, (_, index) => index * 100)), expected);
});

Deno.test("a line of exactly the limit is no oversize line", () => {
  assertEquals(split(bytes(`${"a".repeat(20)}\n`), [10], 20), { lines: ["a".repeat(20)], oversize: [] });
});

Deno.test("a line that never ends is not kept", () => {
  const oversize: string[] = [];
  const splitter = new LineSplitter(1000, (start) => oversize.push(start));
  for (let n = 0; n < 10_000; n++) assertEquals(splitter.push(bytes("x".repeat(100))), []);
  assertEquals(splitter.flush(), []);
  assertEquals(oversize, ["x".repeat(200)]);
});
