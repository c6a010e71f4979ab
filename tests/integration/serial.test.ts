/** A serial port from an agent's streams to its other end: a real device host on a pseudo-terminal. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type DeviceParts, Handles } from "../../agents/harness/device_parts.ts";
import { openSerial } from "../../agents/harness/serial.ts";
import type { DeviceRequest } from "../../protocol/devices/requests.ts";
import type { RunnerFrame } from "../../protocol/frames.ts";
import { systemClock } from "../../runner/clock.ts";
import { startDeviceHost } from "../../runner/device_host.ts";
import { DeviceError } from "../../runner/devices/device_error.ts";
import { OpenDevices } from "../../runner/devices/open_devices.ts";
import { Places } from "../../runner/devices/places.ts";
import { findWrappers } from "../../runner/process/wrapper.ts";
import { openPty } from "../support/pty.ts";
import { withFolder } from "../support/temp_folder.ts";

/** What an agent's process has, without the process. */
function userOf(name: string, devices: OpenDevices, places: Places) {
  const handles = new Handles();
  const send = (frame: RunnerFrame) => {
    if (frame.t === "device_event") handles.receive(frame);
    if (frame.t === "device_gone") handles.fail(frame.handle, new DeviceError(frame.code, frame.message));
    return true;
  };
  const user = { name, pid: 1, state: { paused: false }, send };
  const ask = async (request: DeviceRequest): Promise<unknown> => {
    // As an answer would, over the pipe.
    const json = JSON.parse(JSON.stringify(request)) as DeviceRequest;
    if (json.op === "open") return await devices.open(user, await places.find(json.kind, json.entry), json);
    if (json.op === "act") return await devices.act(user, json.handle, json.action);
    if (json.op !== "close") throw new Error(`nobody asks for ${json.op} here`);
    return await devices.close(user, json.handle);
  };
  const parts: DeviceParts = {
    ask,
    call: (work) => void work(),
    signal: new AbortController().signal,
    handles,
  };
  return { user, open: (path: string) => openSerial(parts, path, { baudRate: 115_200, bufferSize: 2048 }) };
}

Deno.test("a serial port carries bytes both ways, waits for a slow reader, has one holder, and can be unplugged", async () => {
  await withFolder(async (workDir) => {
    const wrappers = await findWrappers({ deno: Deno.execPath(), workDir, walls: true });
    const problems: string[] = [];
    const devices = new OpenDevices({
      clock: systemClock,
      startHost: (place) =>
        startDeviceHost(place, { deno: Deno.execPath(), workDir, denoDir: `${workDir}/deno`, wrappers }),
      onProblem: (message) => problems.push(message),
    });
    const places = new Places("/nonexistent");
    const pty = openPty();
    const [a, b] = [userOf("a", devices, places), userOf("b", devices, places)];
    const port = await a.open(pty.path);
    const [reader, writer] = [port.readable.getReader(), port.writable.getWriter()];

    // Every value of a byte, in raw form, both ways.
    const all = Uint8Array.from({ length: 256 }, (_, index) => index);
    await pty.write(all);
    const got: number[] = [];
    while (got.length < 256) got.push(...(await reader.read()).value ?? []);
    assertEquals(got, [...all]);
    await writer.write(all);
    assertEquals([...await pty.read(256)], [...all]);

    // Nobody reads: the host takes no more than the agent's buffer, and the kernel's is all that fills up.
    const filled = await pty.fill();
    assert(filled < 100_000, `${filled} bytes were taken`);
    for (let sum = 0; sum < filled;) sum += (await reader.read()).value?.length ?? 0;

    // A write to an end that takes nothing waits, and goes on when it does.
    const many = new Uint8Array(60_000).fill(7);
    let isWritten = false;
    const writing = writer.write(many).then(() => isWritten = true);
    assertEquals((await pty.read(100)).length, 100);
    assert(!isWritten);
    await pty.read(many.length - 100);
    await writing;

    const busy = await assertRejects(() => b.open(pty.path), DeviceError);
    assertEquals([busy.reason, busy.message], ["busy", "agent 'a' has the port"]);

    const ending = assertRejects(() => reader.read(), DeviceError);
    pty.unplug();
    assertEquals((await ending).reason, "not_found");
    await assertRejects(() => writer.write(all), DeviceError);
    await port.close();

    // It is back, perhaps as another: whoever asks first has it.
    const again = openPty();
    const other = await b.open(again.path);
    await again.write(all.subarray(0, 3));
    assertEquals((await other.readable.getReader().read()).value, all.slice(0, 3));
    const gone = await assertRejects(() => a.open("/dev/ttyNOSUCH7"), DeviceError);
    assertEquals(gone.reason, "not_found");
    devices.exited(b.user);
    await devices.end();
    again.unplug();
    assertEquals(problems, []);
  });
});
