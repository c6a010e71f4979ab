import { assert, assertEquals, assertThrows } from "@std/assert";
import { deviceCovers, deviceProblem, deviceRuleProblem } from "../../../../protocol/devices/devices.ts";
import { noSuchPort, readSerialOptions } from "../../../../protocol/devices/serial.ts";

Deno.test("a port is a path below /dev that is nobody's terminal", () => {
  for (
    const path of [
      "/dev/ttyUSB0",
      "/dev/ttyAMA0",
      "/dev/serial/by-id/usb-FTDI_FT232R-if00-port0",
      "/dev/pts/3",
    ]
  ) {
    assertEquals(deviceProblem("serial", path), undefined, path);
  }
  for (
    const path of [
      "ttyUSB0",
      "/etc/passwd",
      "/dev/../etc/passwd",
      "/dev/tty",
      "/dev/tty1",
      "/dev/console",
      "/dev/ptmx",
    ]
      .concat("/dev/a/../mem", "/dev/tty*", "/dev/vcs1", "/dev/ttyUSB0\0", "/dev/", `/dev/${"x".repeat(300)}`)
  ) assert(deviceProblem("serial", path), path);
});

Deno.test("a pattern covers ports, and no terminal of a program, which has to be named", () => {
  const covers = (rule: string, entry: string) => deviceCovers("serial", [rule], entry);
  assert(
    covers("/dev/ttyUSB*", "/dev/ttyUSB0") && covers("*", "/dev/ttyS0") && covers("/dev/pts/3", "/dev/pts/3"),
  );
  for (const rule of ["*", "/dev/*", "/dev/pts/*"]) assert(!covers(rule, "/dev/pts/3"), rule);
  assert(!covers("/dev/ttyUSB*", "/dev/ttyACM0") && !covers("/dev/ttyUSB1", "/dev/ttyUSB11"));
  assertEquals(["*", "/dev/serial/by-id/*"].map((rule) => deviceRuleProblem("serial", rule)), [
    undefined,
    undefined,
  ]);
  for (const rule of ["ttyUSB*", "/etc/*", "/dev/../*"]) assert(deviceRuleProblem("serial", rule), rule);
});

Deno.test("the speed has to be said, and a wrong option is named", () => {
  const { baudRate, dataBits, parity, stopBits, flowControl } = readSerialOptions({ baudRate: 9600 });
  assertEquals([baudRate, dataBits, parity, stopBits, flowControl], [9600, 8, "none", 1, "none"]);
  for (
    const [options, message] of [
      [{}, "baudRate must be from 50 to 4000000"],
      [{ baudRate: 9600, parity: "mark" }, 'parity must be "none" or "even" or "odd"'],
      [{ baudRate: 9600, bufferSize: 1e6 }, "bufferSize must be from 1 to 65536"],
      [{ baudrate: 9600 }, "there is no option baudrate"],
    ] as const
  ) assertThrows(() => readSerialOptions(options), TypeError, message);
});

Deno.test("a node says which ports it has, by the names that stay", () => {
  assertEquals(noSuchPort([]), "there is no such port; it has none at all");
  const ports = [{ path: "/dev/ttyUSB0", links: ["/dev/serial/by-id/x"] }, { path: "/dev/ttyS0", links: [] }];
  assertEquals(noSuchPort(ports), "there is no such port; it has /dev/serial/by-id/x, /dev/ttyS0");
});
