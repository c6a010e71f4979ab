/** The few functions of the C library that a device host calls. */

/** The system calls that a device host uses. */
export interface System {
  /** @returns a file descriptor, or a negative error number */
  open(path: string): number;
  /** @returns 0 or more, or a negative error number */
  ioctl(fd: number, request: number, argument: Uint8Array<ArrayBuffer>): number;
  /** Resolves `true` when there is something to read, or `false` after `ms` milliseconds. */
  readable(fd: number, ms: number): Promise<boolean>;
  /** @returns how many bytes, or a negative error number */
  read(fd: number, buffer: Uint8Array<ArrayBuffer>): number;
  close(fd: number): void;
}

const O_RDWR_CLOEXEC = 0o2000002;
const POLLIN = 1;
const PR_SET_PDEATHSIG = 1;

/** @throws Error if the library is missing */
export function openLibc(): System {
  const { symbols } = Deno.dlopen("libc.so.6", {
    open: { parameters: ["buffer", "i32"], result: "i32" },
    ioctl: { parameters: ["i32", "usize", "buffer"], result: "i32" },
    poll: { parameters: ["buffer", "usize", "i32"], result: "i32", nonblocking: true },
    read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
    close: { parameters: ["i32"], result: "i32" },
    prctl: { parameters: ["i32", "usize"], result: "i32" },
    __errno_location: { parameters: [], result: "pointer" },
  });
  const errno = () => {
    const at = symbols.__errno_location();
    return at === null ? 5 : new Deno.UnsafePointerView(at).getInt32();
  };
  const checked = (result: number) => result < 0 ? -errno() : result;
  // Survives the runner just long enough to set its outputs to safe: the end of its stdin ends it.
  symbols.prctl(PR_SET_PDEATHSIG, 0n);
  return {
    open: (path) => checked(symbols.open(new TextEncoder().encode(`${path}\0`), O_RDWR_CLOEXEC)),
    ioctl: (fd, request, argument) => checked(symbols.ioctl(fd, BigInt(request), argument)),
    async readable(fd, ms) {
      const waiting = new Uint8Array(8);
      const view = new DataView(waiting.buffer);
      view.setInt32(0, fd, true);
      view.setInt16(4, POLLIN, true);
      return await symbols.poll(waiting, 1n, ms) > 0;
    },
    read: (fd, buffer) => checked(Number(symbols.read(fd, buffer, BigInt(buffer.length)))),
    close: (fd) => void symbols.close(fd),
  };
}
