import { assertEquals, assertThrows } from "@std/assert";
import {
  hwmonChannel,
  iioChannel,
  readNumber,
  readWire,
  rounded,
} from "../../../../runner/devices/channels.ts";

Deno.test("only files with readings of a known kind are channels", () => {
  assertEquals(hwmonChannel("temp1_input"), {
    name: "temp1",
    kind: "temperature",
    factor: 1e-3,
    isRaw: false,
  });
  assertEquals(iioChannel("in_pressure_raw"), {
    name: "pressure",
    kind: "pressure",
    factor: 10,
    isRaw: true,
  });
  for (const file of ["temp1_max", "pwm1_input", "temp_input", "beep1_input"]) {
    assertEquals(hwmonChannel(file), undefined, file);
  }
  for (const file of ["in_accel_x_raw", "in_temp_scale", "temp_input", "in_fan1_input"]) {
    assertEquals(iioChannel(file), undefined, file);
  }
});

Deno.test("a reading is a number, or an error that shows what it is", () => {
  assertEquals(readNumber(" -1250\n"), -1250);
  assertThrows(() => readNumber("\n"), Error, "the reading is empty");
  assertThrows(() => readNumber("n/a"), Error, "the reading is no number: 'n/a'");
});

Deno.test("a reading of 1-Wire counts only with its checksum", () => {
  const bytes = "72 01 4b 46 7f ff 0e 10 57";
  assertEquals(readWire(`${bytes} : crc=57 YES\n${bytes} t=-1062\n`), -1062);
  assertThrows(() => readWire(`${bytes} : crc=00 NO\n${bytes} t=85000\n`), Error, "checksum");
  assertThrows(() => readWire(""), Error, "checksum");
  assertThrows(() => readWire(`${bytes} : crc=57 YES\n`), Error, "empty");
});

Deno.test("digits that multiplication makes up are left out", () => {
  assertEquals([rounded(21300 * 1e-3), rounded(101.325 * 10), rounded(-0.1 * 3)], [21.3, 1013.25, -0.3]);
});
