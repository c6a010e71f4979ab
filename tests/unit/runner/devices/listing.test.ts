import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { listDevices } from "../../../../runner/devices/listing.ts";
import { withSys } from "../../../support/made_up_sys.ts";

Deno.test("a machine's board, chips, buses with their drivers, and ports are listed, with what is wrong", async () => {
  const files = {
    "firmware/devicetree/base/model": "Raspberry Pi 4 Model B Rev 1.4\0",
    "bus/gpio/devices/gpiochip0/of_node/gpio-line-names": "GPIO0\0",
    "class/i2c-dev/i2c-1/dev": "89:1\n",
    "bus/i2c/devices/i2c-1/name": "bcm2835 (i2c@7e804000)\n",
    "bus/i2c/devices/1-0048/name": "lm75\n",
    "bus/i2c/devices/1-0076/name": "none\n",
    "class/tty/ttyAMA0/device/driver": "",
    "class/tty/console/active": "tty0 ttyAMA0\n",
    "class/spidev/spidev0.1/dev": "153:1\n",
    "class/pwm/pwmchip0/npwm": "2\n",
    "class/pwm/pwmchip0/export": "",
    "dev/gpiochip0": "",
    "dev/spidev0.1": "",
    "dev/ttyAMA0": "",
  };
  await withSys(files, async ({ root, link }) => {
    await link("bus/i2c/devices/1-0048/driver", "../../drivers/lm75");
    const dev = join(root, "dev");
    assertEquals(await listDevices(root, dev), {
      board: "Raspberry Pi 4 Model B Rev 1.4",
      gpio: [{ chip: "gpiochip0", names: ["GPIO0"], path: `${dev}/gpiochip0` }],
      i2c: [{
        bus: 1,
        name: "bcm2835 (i2c@7e804000)",
        path: `${dev}/i2c-1`,
        drivers: { "0x48": "lm75" },
        problem: { code: "hidden" },
      }],
      spi: [{ device: "0.1", path: `${dev}/spidev0.1` }],
      pwm: [{ chip: 0, name: "", channels: 2, path: `${root}/class/pwm/pwmchip0` }],
      serial: [{ path: `${dev}/ttyAMA0`, links: [], problem: { code: "console" } }],
    });
  });
});

Deno.test("a machine without a device tree is called as its firmware says", async () => {
  const dmi = { "class/dmi/id/sys_vendor": "QEMU\n", "class/dmi/id/product_name": "Standard PC\n" };
  await withSys(dmi, async ({ root }) => {
    assertEquals((await listDevices(root)).board, "QEMU Standard PC");
  });
});
