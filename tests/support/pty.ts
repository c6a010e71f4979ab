/** A serial port that is not there: a pseudo-terminal, whose other end a test holds. */
import { openLibc } from "../../runner/devices/host/libc.ts";

const UNLOCK = 0x40045431;
const NUMBER = 0x80045430;

export interface Pty {
  /** What an agent opens. */
  readonly path: string;
  /** Writes all of it, as the device would. */
  write(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Waits until the device has received `count` bytes. */
  read(count: number): Promise<Uint8Array<ArrayBuffer>>;
  /** How many bytes can be written before the other side has to read. */
  fill(): Promise<number>;
  unplug(): void;
}

export function openPty(): Pty {
  const system = openLibc();
  const at = system.open("/dev/pts/ptmx", "terminal");
  const fd = at >= 0 ? at : system.open("/dev/ptmx", "terminal");
  if (fd < 0) throw new Error(`no pseudo-terminal: error ${-fd}`);
  const number = new Uint8Array(4);
  system.ioctl(fd, UNLOCK, number);
  system.ioctl(fd, NUMBER, number);
  let isOpen = true;
  return {
    path: `/dev/pts/${new DataView(number.buffer).getUint32(0, true)}`,
    async write(bytes) {
      for (let sent = 0; sent < bytes.length;) {
        const count = system.write(fd, bytes.subarray(sent));
        if (count > 0) sent += count;
        else await system.writable(fd, 100);
      }
    },
    async read(count) {
      const bytes = new Uint8Array(count);
      for (let had = 0; had < count;) {
        if (!await system.readable(fd, 100)) continue;
        had += Math.max(0, system.read(fd, bytes.subarray(had)));
      }
      return bytes;
    },
    async fill() {
      let sum = 0;
      while (await system.writable(fd, 300)) sum += Math.max(0, system.write(fd, new Uint8Array(1024)));
      return sum;
    },
    unplug() {
      if (!isOpen) return;
      isOpen = false;
      system.close(fd);
      system[Symbol.dispose]();
    },
  };
}
