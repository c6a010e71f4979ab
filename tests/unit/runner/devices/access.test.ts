import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { accessProblem, type Account, modeProblem, openProblem } from "../../../../runner/devices/access.ts";
import { withSys } from "../../../support/made_up_sys.ts";

const ACCOUNT: Account = {
  uid: 1000,
  gids: [1000, 20],
  users: ["root:x:0:0::/root:/bin/sh", "pi:x:1000:1000::/home/pi:/bin/sh"],
  groups: ["root:x:0:", "dialout:x:20:pi", "gpio:x:997:", "i2c:x:998:other,pi"],
};

Deno.test("who may not open a device is told the group that may, by name", () => {
  const of = (gid: number, mode = 0o660, account = ACCOUNT) =>
    accessProblem({ uid: 0, gid, mode }, account, "gpio");
  assertEquals(of(20), undefined);
  assertEquals(of(997), { code: "group", user: "pi", group: "gpio" });
  assertEquals(of(998), { code: "started_before", user: "pi", group: "i2c" });
  assertEquals(of(0), { code: "denied", user: "pi" });
  assertEquals(of(997, 0o600), { code: "denied", user: "pi" });
  assertEquals(of(997, 0o666), undefined);
  assertEquals(of(65_534), { code: "group", user: "pi", group: "gpio" });
  assertEquals(of(997, 0o660, { ...ACCOUNT, uid: 0 }), undefined);
  assertEquals(of(997, 0o660, { ...ACCOUNT, users: [], groups: [] }), {
    code: "group",
    user: "1000",
    group: "997",
  });
});

Deno.test("a device is tried, or looked at where opening it does something", async () => {
  await withSys({ "dev/gpiochip0": "" }, async ({ root }) => {
    const path = join(root, "dev/gpiochip0");
    assertEquals([await openProblem(path, "gpio"), await modeProblem(path, "gpio")], [undefined, undefined]);
    const gone = join(root, "dev/gpiochip1");
    assertEquals([await openProblem(gone, "gpio"), await modeProblem(gone, "gpio")], [{ code: "hidden" }, {
      code: "hidden",
    }]);
  });
});
