/** The filter for system calls, run as the kernel runs it. */
import { assert, assertEquals } from "@std/assert";
import { callFilter, type Calls, type Instruction } from "../../../../../runner/process/walls/filter.ts";
import { type Arch, CONDITIONAL, REFUSED } from "../../../../../runner/process/walls/syscalls.ts";

const PID = 4711;
const AUDIT_ARCH: Record<Arch, number> = { x86_64: 0xc000003e, aarch64: 0xc00000b7 };
const NOTHING: Calls = { unixSockets: false, listens: false, marksOwners: false };
const ARCHES: readonly Arch[] = ["x86_64", "aarch64"];

/** What the filter says of one call: `0` passes, else the error's number; `killed` for another processor's. */
function judge(
  program: readonly Instruction[],
  number: number,
  args: readonly number[] = [],
  arch = 0,
): number | "killed" {
  const data: Record<number, number> = { 0: number, 4: arch };
  for (let index = 0; index < 6; index++) data[16 + 8 * index] = args[index] ?? 0;
  let accumulator = 0;
  for (let at = 0; at < program.length;) {
    const { code, ifTrue, ifFalse, value } = program[at] ?? { code: 0, ifTrue: 0, ifFalse: 0, value: 0 };
    const operand = value === "pid" ? PID : value;
    at += 1;
    if (code === 0x20) accumulator = data[operand] ?? 0;
    else if (code === 0x15) at += accumulator === operand ? ifTrue : ifFalse;
    else if (code === 0x35) at += accumulator >= operand ? ifTrue : ifFalse;
    else if (code === 0x45) at += (accumulator & operand) !== 0 ? ifTrue : ifFalse;
    else if (code === 0x06) {
      return operand === 0x7fff0000 ? 0 : operand === 0x80000000 ? "killed" : operand & 0xffff;
    } else throw new Error(`no such instruction: ${code}`);
  }
  throw new Error("the program has no end");
}

/** Judges calls by name. */
function judgeOf(arch: Arch, calls = NOTHING) {
  const program = callFilter(arch, calls);
  return (name: keyof typeof CONDITIONAL | keyof typeof REFUSED, ...args: number[]) => {
    const number = { ...CONDITIONAL, ...REFUSED }[name][arch];
    return number === undefined ? undefined : judge(program, number, args, AUDIT_ARCH[arch]);
  };
}

for (const arch of ARCHES) {
  Deno.test(`filter on ${arch}: what no agent needs is refused, what is not named passes`, () => {
    const program = callFilter(arch, NOTHING);
    for (const numbers of Object.values(REFUSED)) {
      const number = numbers[arch];
      if (number !== undefined) assertEquals(judge(program, number, [], AUDIT_ARCH[arch]), 1);
    }
    const named = new Set<number | undefined>(
      Object.values({ ...REFUSED, ...CONDITIONAL }).map((numbers) => numbers[arch]),
    );
    for (let number = 0; number < 470; number++) {
      if (!named.has(number)) assertEquals(judge(program, number, [], AUDIT_ARCH[arch]), 0, `${number}`);
    }
  });

  Deno.test(`filter on ${arch}: another processor's calls end the process, and so do none of another ABI pass`, () => {
    const program = callFilter(arch, NOTHING);
    assertEquals(judge(program, 1, [], 0x40000003), "killed");
    assertEquals(judge(program, 0x40000000 + 101, [], AUDIT_ARCH[arch]), 1);
  });

  Deno.test(`filter on ${arch}: threads, no processes; signals and limits for itself alone`, () => {
    const says = judgeOf(arch);
    assertEquals(says("clone", 0x3d0f00), 0);
    assertEquals(says("clone", 0x1200011), 1);
    assertEquals(says("clone3"), 38);
    for (const name of ["kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"] as const) {
      assertEquals([says(name, PID), says(name, 1), says(name, 0), says(name, -1 >>> 0)], [0, 1, 1, 1]);
    }
    assertEquals([says("prlimit64", 0), says("prlimit64", PID), says("prlimit64", 1)], [0, 0, 1]);
    assertEquals([says("setpriority", 0, 0), says("setpriority", 0, 1)], [0, 1]);
  });

  Deno.test(`filter on ${arch}: no file that runs as its owner`, () => {
    const says = judgeOf(arch);
    assertEquals([says("fchmod", 3, 0o600), says("fchmod", 3, 0o4755), says("fchmod", 3, 0o2755)], [0, 1, 1]);
    assertEquals([says("fchmodat", -100, 0, 0o4755), says("mkdirat", -100, 0, 0o2755)], [1, 1]);
    assertEquals(says("openat", -100, 0, 0o102, 0o4600), 1);
    assertEquals(says("openat", -100, 0, 0o102, 0o600), 0);
    // Where nothing is created the mode means nothing, and anything may stand there.
    assertEquals(says("openat", -100, 0, 0o2, 0o4600), 0);
    assertEquals(says("openat2"), 38);
    const unpacks = judgeOf(arch, { ...NOTHING, marksOwners: true });
    assertEquals([unpacks("fchmod", 3, 0o4755), unpacks("openat", -100, 0, 0o102, 0o4600)], [0, 0]);
  });

  Deno.test(`filter on ${arch}: sockets of the families and protocols that Deno has`, () => {
    const [says, wide] = [
      judgeOf(arch),
      judgeOf(arch, { unixSockets: true, listens: true, marksOwners: false }),
    ];
    const families = { unix: 1, inet: 2, inet6: 10, netlink: 16, packet: 17, alg: 38, vsock: 40 };
    const verdicts = Object.values(families).map((family) => says("socket", family));
    assertEquals(verdicts, [97, 0, 0, 0, 97, 97, 97]);
    // Netfilter's, and others than routes.
    assertEquals(says("socket", 16, 3, 12), 97);
    assertEquals(wide("socket", 1), 0);
    assertEquals([says("listen"), says("accept4"), wide("listen"), wide("accept4")], [1, 1, 0, 0]);
    assertEquals([says("ioctl", 0, 0x5412), says("ioctl", 0, 0x5401)], [1, 0]);
  });
}

Deno.test("filter: every jump stays inside the program, and the kernel takes as many instructions", () => {
  for (const arch of ARCHES) {
    const program = callFilter(arch, { unixSockets: true, listens: true, marksOwners: false });
    assert(program.length < 4096);
    program.forEach(({ ifTrue, ifFalse }, at) => {
      assert(Math.max(ifTrue, ifFalse) < 256);
      assert(at + 1 + Math.max(ifTrue, ifFalse) < program.length + 1);
    });
  }
});
