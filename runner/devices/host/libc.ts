/** The few functions of the C library that a device host calls. */

/** The system calls that a device host uses. */
export interface System {
  /**
   * @param how: a `terminal` neither waits for the other end, nor becomes the terminal of this process; a file that
   * the kernel shows for writing only is opened to `write`
   * @returns a file descriptor, or a negative error number
   */
  open(path: string, how?: "device" | "terminal" | "write"): number;
  /** @returns 0 or more, or a negative error number */
  ioctl(fd: number, request: number, argument: Uint8Array<ArrayBuffer>): number;
  /** The same with a number as its argument. */
  ioctlNumber(fd: number, request: number, argument: number): number;
  /** Where a buffer lies in memory: for structures that point to others. */
  addressOf(buffer: Uint8Array<ArrayBuffer>): bigint;
  /** Resolves `true` when there is something to read, or `false` after `ms` milliseconds. */
  readable(fd: number, ms: number): Promise<boolean>;
  /** @returns how many bytes, or a negative error number */
  read(fd: number, buffer: Uint8Array<ArrayBuffer>): number;
  /** Resolves `true` when something can be written, or `false` after `ms` milliseconds. */
  writable(fd: number, ms: number): Promise<boolean>;
  /** @returns how many bytes, or a negative error number */
  write(fd: number, buffer: Uint8Array<ArrayBuffer>): number;
  close(fd: number): void;
}

const O_CLOEXEC = 0o2000000;
const O_RDWR = 2;
/** The kernel's number differs between architectures. */
const O_NOFOLLOW = Deno.build.arch === "aarch64" ? 0o100000 : 0o400000;
/** The access, `O_NONBLOCK` and `O_NOCTTY`. */
const ACCESS = { device: O_RDWR, terminal: O_RDWR | 0o4400, write: 1 } as const;
const POLLIN = 1;
const POLLOUT = 4;
const PR_SET_PDEATHSIG = 1;

/** @throws Error if the library is missing */
export function openLibc(): System & Disposable {
  const library = Deno.dlopen("libc.so.6", {
    open: { parameters: ["buffer", "i32"], result: "i32" },
    ioctl: { parameters: ["i32", "usize", "buffer"], result: "i32" },
    ioctlNumber: { name: "ioctl", parameters: ["i32", "usize", "usize"], result: "i32" },
    poll: { parameters: ["buffer", "usize", "i32"], result: "i32", nonblocking: true },
    read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
    write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
    close: { parameters: ["i32"], result: "i32" },
    prctl: { parameters: ["i32", "usize"], result: "i32" },
    __errno_location: { parameters: [], result: "pointer" },
  });
  const { symbols } = library;
  const errno = () => {
    const at = symbols.__errno_location();
    return at === null ? 5 : new Deno.UnsafePointerView(at).getInt32();
  };
  const checked = (result: number) => result < 0 ? -errno() : result;
  // Survives the runner just long enough to set its outputs to safe: the end of its stdin ends it.
  symbols.prctl(PR_SET_PDEATHSIG, 0n);
  const isReady = async (fd: number, what: number, ms: number) => {
    const waiting = new Uint8Array(8);
    const view = new DataView(waiting.buffer);
    view.setInt32(0, fd, true);
    view.setInt16(4, what, true);
    return await symbols.poll(waiting, 1n, ms) > 0;
  };
  return {
    open: (path, how = "device") => {
      const name = new TextEncoder().encode(`${path}\0`);
      return checked(symbols.open(name, ACCESS[how] | O_CLOEXEC | O_NOFOLLOW));
    },
    ioctl: (fd, request, argument) => checked(symbols.ioctl(fd, BigInt(request), argument)),
    ioctlNumber: (fd, request, argument) =>
      checked(symbols.ioctlNumber(fd, BigInt(request), BigInt(argument))),
    // A short array may lie where the garbage collector moves it; its `buffer` does not.
    addressOf: ({ buffer, byteOffset }) =>
      Deno.UnsafePointer.value(Deno.UnsafePointer.of(buffer)) + BigInt(byteOffset),
    readable: (fd, ms) => isReady(fd, POLLIN, ms),
    writable: (fd, ms) => isReady(fd, POLLOUT, ms),
    write: (fd, buffer) => checked(Number(symbols.write(fd, buffer, BigInt(buffer.length)))),
    read: (fd, buffer) => checked(Number(symbols.read(fd, buffer, BigInt(buffer.length)))),
    close: (fd) => void symbols.close(fd),
    [Symbol.dispose]: () => library.close(),
  };
}
