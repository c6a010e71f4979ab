/** A device host without a process: what it is asked is kept, and answered as a test says. */
import type { HostProcess } from "../../runner/devices/host_client.ts";
import type { HostAnswer, HostFrame } from "../../runner/devices/host/frames.ts";

export interface FakeHost extends HostProcess {
  readonly asked: HostFrame[];
  /** What it says of itself. */
  says(answer: HostAnswer): void;
  /** It ends by itself. */
  crash(): void;
  /** Whether its stdin has ended. */
  isEnded: boolean;
  /** How it answers; `undefined`: not at all. */
  answer: (frame: HostFrame) => HostAnswer | undefined;
}

export function fakeHost(): FakeHost {
  const lines: string[] = [];
  let wake = () => {};
  let isOver = false;
  const says = (answer: HostAnswer) => {
    lines.push(JSON.stringify(answer));
    wake();
  };
  const host: FakeHost = {
    asked: [],
    isEnded: false,
    answer: ({ id }) => ({ id, value: 0 }),
    says,
    crash() {
      isOver = true;
      wake();
    },
    send(line) {
      if (isOver) return false;
      const frame = JSON.parse(line) as HostFrame;
      host.asked.push(frame);
      const answer = host.answer(frame);
      if (answer !== undefined) says(answer);
      return true;
    },
    end() {
      host.isEnded = true;
      host.crash();
      return Promise.resolve();
    },
    lines: (async function* () {
      for (;;) {
        const line = lines.shift();
        if (line !== undefined) yield line;
        else if (isOver) return;
        else await new Promise<void>((resolve) => wake = resolve);
      }
    })(),
  };
  return host;
}
