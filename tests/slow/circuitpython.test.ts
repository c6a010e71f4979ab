/** Agents in Python with drivers that were written for CircuitPython: from their wheels, unchanged. */
import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { BOARD, withSys } from "../support/made_up_sys.ts";
import { policed } from "../support/policed.ts";
import { withFolder } from "../support/temp_folder.ts";
import { buildWheel } from "../support/wheels.ts";

/** As drivers are: imports at the top, a lock around each transfer, buffers that are filled. */
const DRIVER = `
import time
from micropython import const

try:
    from busio import I2C
    import microcontroller
except ImportError:
    pass

_CHIP_ID = const(0xD0)

class Chip:
    def __init__(self, i2c: "I2C", address: int = 0x76):
        self.i2c, self.address = i2c, address
        while not self.i2c.try_lock():
            time.sleep(0)
        try:
            self.i2c.writeto(address, b"")
        except OSError:
            # Not every system writes an empty message: then a byte is read.
            self.i2c.readfrom_into(address, bytearray(1))
        finally:
            self.i2c.unlock()

    def register(self, number, length):
        out, found = bytearray([number, 0xFF]), bytearray(length + 2)
        self.i2c.writeto_then_readfrom(self.address, out, found, out_end=1, in_start=1, in_end=length + 1)
        return bytes(found)

    @property
    def id(self):
        return self.register(_CHIP_ID, 2)
`;

/** Stands in for the node's answer to \`agent.i2c\` and \`agent.gpio\`: what is below them has its own tests. */
const STAND_IN = `
import agentflow, asyncio
said = []

class Device:
    async def transfer(self, parts):
        await asyncio.sleep(0)
        said.append([part.get("write", b"").hex() or part["read"] for part in parts])
        return [bytes(range(0x58, 0x58 + part["read"])) for part in parts if "read" in part]

    async def close(self):
        said.append("closed")

class Line:
    def __init__(self, options):
        self.level = options.get("initial", 1)

    async def read(self):
        return self.level

    async def write(self, value):
        self.level = value

    async def close(self):
        said.append("released")

async def i2c(bus, address):
    said.append([bus, address])
    return Device()

async def gpio(line, **options):
    said.append([line, options])
    return Line(options)

agentflow._agent.i2c, agentflow._agent.gpio = i2c, gpio
`;

Deno.test("drivers and programs for CircuitPython run unchanged", async (t) => {
  await withFolder(async (wheels) => {
    for (
      const spec of [
        {
          name: "adafruit-circuitpython-chip",
          version: "1.0",
          files: { "adafruit_chip.py": DRIVER },
          requires: ["Adafruit-Blinka>=7.0.0"],
        },
        {
          name: "adafruit-circuitpython-dht",
          version: "4.0.9",
          // The package's own module times pulses on a line.
          files: { "adafruit_dht.py": "raise ImportError('no pulseio')" },
          requires: ["Adafruit-Blinka"],
        },
      ]
    ) {
      const { file, bytes } = await buildWheel(spec);
      await Deno.writeFile(join(wheels, file), bytes);
    }
    await withSys(BOARD, async (sys) => {
      const args = ["--wheels", wheels, "--sys", sys.root];
      await using here = await policed(
        { install: ["pypi:*"], devices: { sensors: ["*"] } },
        args,
      );
      const spawn = async (name: string, code: string, config: Readonly<Record<string, unknown>> = {}) => {
        const answer = await here.ask({ name, language: "python", code, ...config });
        assertEquals(answer.ok, true, JSON.stringify(answer));
      };

      await t.step("a driver reads registers of an I2C device", async () => {
        await spawn(
          "chip",
          `${STAND_IN}
import board
from adafruit_chip import Chip

chip = Chip(board.I2C())

async def setup(agent):
    found = chip.id
    await agent.publish("chip/id", {"id": found.hex(), "said": said})
`,
          { install: ["adafruit-circuitpython-chip"] },
        );
        const { json } = await here.bus.find("chip", ({ topic }) => topic === "chip/id", 0, 240_000);
        assertEquals(json, { id: "00585900", said: [[1, 0x76], [1], ["d0", 2]] });
      });

      await t.step("a DHT22 is read through the kernel's driver", async () => {
        await spawn(
          "temp-sensor-agent",
          `
async def setup(agent):
    await agent.log('DHT22 sensor agent ready')
async def process(agent):
    import adafruit_dht, board
    dht = adafruit_dht.DHT22(board.D4)
    temp, humidity = dht.temperature, dht.humidity
    await agent.publish('sensors/temperature', {'value': temp, 'unit': 'C', 'node': agent.node})
    await agent.publish('sensors/humidity', {'value': humidity})
`,
          // The package alone says which sensors it needs.
          { install: ["adafruit-circuitpython-dht"], poll_interval: 1 },
        );
        const { json: reading } = await here.bus.on("sensors/temperature");
        assertEquals(reading, { value: 21.4, unit: "C", node: "test-node" });
        assertEquals((await here.bus.on("sensors/humidity")).json, { value: 48.2 });
      });

      await t.step(
        "a DHT22 that the agent did not ask for is an error that says what is missing",
        async () => {
          await spawn(
            "unasked",
            `
import adafruit_dht, board

async def setup(agent):
    try:
        adafruit_dht.DHT22(board.D4)
    except RuntimeError as error:
        await agent.publish("unasked", str(error))
`,
          );
          assertMatch(
            (await here.bus.on("unasked")).text,
            /^DHT sensor not found: .*humidity and temperature.* "devices": \{"sensors": \["temperature", "humidity"\]\}/,
          );
        },
      );

      await t.step("a line is an input, then an output, then free", async () => {
        await spawn(
          "lamp",
          `${STAND_IN}
import board
from digitalio import DigitalInOut, Direction, Pull

def setup(agent):
    lamp = DigitalInOut(board.D17)
    lamp.pull = Pull.UP
    before = lamp.value
    lamp.direction = Direction.OUTPUT
    lamp.value = True
    after = lamp.value
    lamp.deinit()
    asyncio.ensure_future(agent.publish("lamp", [before, after, said]))
`,
        );
        assertEquals((await here.bus.on("lamp")).json, [true, true, [
          ["GPIO17", { direction: "in" }],
          "released",
          ["GPIO17", { direction: "in", bias: "up" }],
          "released",
          ["GPIO17", { direction: "out", initial: 0, safe: 0 }],
          "released",
        ]]);
      });

      await t.step("what does not exist is said in words", async () => {
        await spawn(
          "wanting",
          `
def handle_task(agent, payload):
    exec(payload)
`,
        );
        const errorOf = async (code: string) =>
          (await here.bus.ask("agents/by-name/wanting/task", { payload: code })).json.error;
        assertMatch(
          await errorOf("import board; board.LED"),
          /^module 'board' has no attribute 'LED': pins are D0/,
        );
        assertMatch(
          await errorOf("import board; board.I2C().scan()"),
          /^an agent reaches the addresses in "devices" of its spawn config/,
        );
        assertMatch(
          await errorOf("import adafruit_bmp280"),
          /name its package in "install" .* \["pypi:adafruit-circuitpython-bmp280"\]$/,
        );
        assertMatch(await errorOf("import pulseio"), /^No module named 'pulseio'/);
      });
    });
  });
});
