import { assertEquals, assertThrows } from "@std/assert";
import { cpuModel, parsePss } from "../../bench/machine.ts";

Deno.test("the processor is named as the kernel names it", () => {
  assertEquals(
    cpuModel("processor\t: 0\nmodel name\t: AMD EPYC\nprocessor\t: 1\nmodel name\t: AMD EPYC\n"),
    "AMD EPYC",
  );
  assertEquals(cpuModel("processor\t: 0\nBogoMIPS\t: 108.00\nModel\t\t: Raspberry Pi 5\n"), "Raspberry Pi 5");
  assertEquals(cpuModel(""), Deno.build.arch);
});

Deno.test("PSS is the total of the process, not one of its parts", () => {
  assertEquals(parsePss("Rss:   52000 kB\nPss:   12345 kB\nPss_Anon:   9000 kB\n"), 12345);
  assertThrows(() => parsePss(""), Error, "Pss");
});
