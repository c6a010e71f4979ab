import { assertEquals } from "@std/assert";
import { lineOf } from "../../../../protocol/devices/gpio.ts";
import { findChips } from "../../../../runner/devices/gpio_chips.ts";
import { withSys } from "../../../support/made_up_sys.ts";

Deno.test("chips are found with the names of their lines, and lines by name or number", async () => {
  const files = {
    "bus/gpio/devices/gpiochip0/of_node/gpio-line-names": "ID_SDA\0-\0GPIO2\0",
    "bus/gpio/devices/gpiochip10/dev": "254:10\n",
    "bus/gpio/devices/gpiochip2/dev": "254:2\n",
    "bus/gpio/devices/other/dev": "1:1\n",
  };
  await withSys(files, async ({ root }) => {
    const chips = await findChips(root);
    assertEquals(chips.map(({ chip, names }) => [chip, names.length]), [
      ["gpiochip0", 3],
      ["gpiochip2", 0],
      ["gpiochip10", 0],
    ]);
    assertEquals(chips[0]?.names, ["ID_SDA", "", "GPIO2"]);
    assertEquals(lineOf("GPIO2", chips), { chip: "gpiochip0", offset: 2 });
    assertEquals(lineOf("gpiochip10:5", chips), { chip: "gpiochip10", offset: 5 });
    assertEquals([lineOf("GPIO3", chips), lineOf("gpiochip1:5", chips), lineOf("", chips)], [
      ...Array(3).fill(undefined),
    ]);
  });
  assertEquals(await findChips("/nonexistent"), []);
});
