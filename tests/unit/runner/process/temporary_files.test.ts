import { assertEquals } from "@std/assert";
import { TemporaryFiles } from "../../../../runner/process/temporary_files.ts";

/** A process whose files are looked at; what it has written, and how often it was looked at. */
function stage() {
  const process = { usedMb: 10, writtenMb: 1000 as number | undefined, looks: 0 };
  const files = new TemporaryFiles({
    look: () => {
      process.looks += 1;
      return process.usedMb;
    },
    written: () => process.writtenMb,
  });
  return { process, files };
}

Deno.test("files are looked at again when enough has been written since", () => {
  const { process, files } = stage();
  assertEquals(files.usedMb(7), 10);
  Object.assign(process, { usedMb: 17, writtenMb: 1007 });
  assertEquals([files.usedMb(7), process.looks], [10, 1]);
  process.writtenMb = 1008;
  assertEquals([files.usedMb(7), process.looks], [17, 2]);
  assertEquals([files.usedMb(7), process.looks], [17, 2]);
});

Deno.test("files are looked at from time to time, whatever has been written", () => {
  const { process, files } = stage();
  for (let n = 0; n < 31; n++) files.usedMb(7);
  assertEquals(process.looks, 4);
});

Deno.test("another process of that id, and one of which nothing is known, are looked at", () => {
  const { process, files } = stage();
  files.usedMb(7);
  process.writtenMb = 1;
  files.usedMb(7);
  process.writtenMb = undefined;
  files.usedMb(7);
  files.usedMb(7);
  files.usedMb(8);
  assertEquals(process.looks, 5);
});
