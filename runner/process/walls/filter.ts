/** The system call filter of an agent's process, as a seccomp program. Pure. */
import { type Arch, CONDITIONAL, REFUSED } from "./syscalls.ts";

/** An instruction of classic BPF. `pid` stands for the process id, which only the launcher knows. */
export interface Instruction {
  readonly code: number;
  /** How many instructions to skip if a comparison holds. */
  readonly ifTrue: number;
  readonly ifFalse: number;
  readonly value: number | "pid";
}

/** What a process may do in addition to what all may. */
export interface Calls {
  /** Use Unix sockets with a path, which the kernel's other walls do not cover. */
  readonly unixSockets: boolean;
  /** Wait for connections. */
  readonly listens: boolean;
  /** Make setuid or setgid files: unpacking an archive may ask for it; the bits are removed afterwards. */
  readonly marksOwners: boolean;
}

const AUDIT_ARCH: Record<Arch, number> = { x86_64: 0xc000003e, aarch64: 0xc00000b7 };
/** System calls of the x32 ABI are numbered from here on. */
const X32 = 0x40000000;

const EPERM = 1;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;
const ALLOW = 0x7fff0000;
const KILL_PROCESS = 0x80000000;

const CLONE_THREAD = 0x10000;
const SET_ID_BITS = 0o6000;
/** O_CREAT, and the bit of O_TMPFILE that no other flag uses. */
const CREATES = 0o100 | 0o20000000;
const AF = { unix: 1, inet: 2, inet6: 10, netlink: 16 } as const;
const NETLINK_ROUTE = 0;
/** TIOCSTI and TIOCLINUX: inject input into a user's terminal. */
const TYPING = [0x5412, 0x541c] as const;

const load = (offset: number): Instruction => ({ code: 0x20, ifTrue: 0, ifFalse: 0, value: offset });
const loadNumber = load(0);
const loadArch = load(4);
/** The lower half of the argument: the values compared here have no upper half. */
const loadArgument = (index: number) => load(16 + 8 * index);
const equals = (value: Instruction["value"], ifTrue: number, ifFalse: number): Instruction => ({
  code: 0x15,
  ifTrue,
  ifFalse,
  value,
});
const atLeast = (value: number, ifTrue: number, ifFalse: number): Instruction => ({
  code: 0x35,
  ifTrue,
  ifFalse,
  value,
});
const hasAny = (value: number, ifTrue: number, ifFalse: number): Instruction => ({
  code: 0x45,
  ifTrue,
  ifFalse,
  value,
});
const end = (value: number): Instruction => ({ code: 0x06, ifTrue: 0, ifFalse: 0, value });
const refuse = (errno: number) => end(0x50000 | errno);
const allow = end(ALLOW);

/** Its argument must be one of these. */
const only = (index: number, values: readonly Instruction["value"][]): Instruction[] => [
  loadArgument(index),
  ...values.map((value, at) => equals(value, values.length - at, 0)),
  refuse(EPERM),
  allow,
];
const unless = (index: number, bits: number): Instruction[] => [
  loadArgument(index),
  hasAny(bits, 0, 1),
  refuse(EPERM),
  allow,
];
/** The mode of an open call matters only if the call creates a file. */
const openedWithout = (flagsIndex: number, modeIndex: number): Instruction[] => [
  loadArgument(flagsIndex),
  hasAny(CREATES, 0, 3),
  loadArgument(modeIndex),
  hasAny(SET_ID_BITS, 0, 1),
  refuse(EPERM),
  allow,
];
const never = [refuse(EPERM)];
/** Libraries then fall back to the older call, whose flags can be checked. */
const unknown = [refuse(ENOSYS)];

function checks(
  { unixSockets, listens, marksOwners }: Calls,
): Record<keyof typeof CONDITIONAL, readonly Instruction[]> {
  const listening = listens ? [allow] : never;
  const unmarked = (check: readonly Instruction[]) => marksOwners ? [allow] : check;
  return {
    // Threads, not processes.
    clone: [loadArgument(0), hasAny(CLONE_THREAD, 1, 0), refuse(EPERM), allow],
    clone3: unknown,
    // Signals to itself.
    kill: only(0, ["pid"]),
    tgkill: only(0, ["pid"]),
    rt_sigqueueinfo: only(0, ["pid"]),
    rt_tgsigqueueinfo: only(0, ["pid"]),
    pidfd_send_signal: never,
    // Its own limits and share of the processor, not the runner's.
    prlimit64: only(0, [0, "pid"]),
    setpriority: only(1, [0, "pid"]),
    sched_setaffinity: only(0, [0, "pid"]),
    socket: [
      loadArgument(0),
      ...(unixSockets ? [equals(AF.unix, 6, 0)] : []),
      equals(AF.inet, 5, 0),
      equals(AF.inet6, 4, 0),
      equals(AF.netlink, 0, 2),
      loadArgument(2),
      equals(NETLINK_ROUTE, 1, 0),
      refuse(EAFNOSUPPORT),
      allow,
    ],
    listen: listening,
    accept: listening,
    accept4: listening,
    ioctl: [loadArgument(1), equals(TYPING[0], 1, 0), equals(TYPING[1], 0, 1), refuse(EPERM), allow],
    // No setuid or setgid files.
    chmod: unmarked(unless(1, SET_ID_BITS)),
    fchmod: unmarked(unless(1, SET_ID_BITS)),
    fchmodat: unmarked(unless(2, SET_ID_BITS)),
    fchmodat2: unmarked(unless(2, SET_ID_BITS)),
    creat: unmarked(unless(1, SET_ID_BITS)),
    mkdir: unmarked(unless(1, SET_ID_BITS)),
    mkdirat: unmarked(unless(2, SET_ID_BITS)),
    open: unmarked(openedWithout(1, 2)),
    openat: unmarked(openedWithout(2, 3)),
    openat2: unknown,
  };
}

/** The program: calls that are not in the tables are allowed. */
export function callFilter(arch: Arch, calls: Calls): Instruction[] {
  const checked: [number | undefined, readonly Instruction[]][] = [
    ...Object.values(REFUSED).map((numbers) => [numbers[arch], never] as [number | undefined, Instruction[]]),
    ...Object.entries(checks(calls)).map(([name, check]) =>
      [CONDITIONAL[name as keyof typeof CONDITIONAL][arch], check] as [number | undefined, Instruction[]]
    ),
  ];
  return [
    loadArch,
    equals(AUDIT_ARCH[arch], 1, 0),
    end(KILL_PROCESS),
    loadNumber,
    atLeast(X32, 0, 1),
    refuse(EPERM),
    ...checked.flatMap(([number, check]) =>
      number === undefined ? [] : [equals(number, 0, check.length), ...check]
    ),
    allow,
  ];
}
