import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { findPorts, portAt } from "../../../../runner/devices/serial_ports.ts";
import { withSys } from "../../../support/made_up_sys.ts";

Deno.test("ports have hardware behind them, and are told with the names that stay", async () => {
  const files = {
    "class/tty/ttyUSB0/device/driver": "",
    "class/tty/ttyS0/device/driver": "",
    "class/tty/ttyS0/type": "0\n",
    "class/tty/ttyAMA0/device/driver": "",
    "class/tty/ttyAMA0/type": "32\n",
    "class/tty/tty1/dev": "4:1\n",
    "dev/ttyUSB0": "",
    "dev/serial/by-id/other": "",
  };
  await withSys(files, async ({ root, link }) => {
    await link("dev/serial/by-id/usb-x", join(root, "dev/ttyUSB0"));
    const dev = await Deno.realPath(join(root, "dev"));
    assertEquals(await findPorts(root, dev), [
      { path: `${dev}/ttyAMA0`, links: [] },
      { path: `${dev}/ttyUSB0`, links: [`${dev}/serial/by-id/usb-x`] },
    ]);
  });
});

Deno.test("what a path leads to is a port only if it is a device of that kind", async () => {
  await withSys({ "x/file": "" }, async ({ root }) => {
    for (
      const target of [
        "/dev/tty",
        "/dev/console",
        "/dev/pts/ptmx",
        "/dev/null",
        "/etc/passwd",
        "/nonexistent",
        root,
      ]
    ) {
      const path = join(root, "link");
      await Deno.symlink(target, path);
      assertEquals(await portAt(path), undefined, target);
      await Deno.remove(path);
    }
  });
});
