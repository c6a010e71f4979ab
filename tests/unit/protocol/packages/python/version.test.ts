import { assert, assertEquals } from "@std/assert";
import { markerHolds } from "../../../../../runner/install/python/marker.ts";
import { parseRequirement } from "../../../../../protocol/packages/python/requirement.ts";
import {
  compareVersions,
  isInRange,
  isRange,
  parseVersion,
  type Version,
} from "../../../../../protocol/packages/python/version.ts";
import { parseWheelName } from "../../../../../runner/install/python/wheel.ts";

function version(text: string): Version {
  const parsed = parseVersion(text);
  assert(parsed !== undefined, text);
  return parsed;
}

Deno.test("versions are ordered as PEP 440 orders them", () => {
  const inOrder = [
    "1.0.dev1",
    "1.0a1.dev1",
    "1.0a1",
    "1.0b2",
    "1.0rc1",
    "1.0",
    "1.0.post1",
    "1.0.1",
    "1.2",
    "1.10",
    "2!0.1",
  ];
  for (const [index, text] of inOrder.entries()) {
    for (const [other, later] of inOrder.entries()) {
      const order = Math.sign(compareVersions(version(text), version(later)));
      assertEquals(order, Math.sign(index - other), `${text} and ${later}`);
    }
  }
  for (const same of ["1.0.0", "v1.0", "1"]) assertEquals(compareVersions(version(same), version("1.0")), 0);
  for (const none of ["", "x", "1.0-beta-x!", "1..2"]) assertEquals(parseVersion(none), undefined, none);
});

Deno.test("ranges take what PEP 440 says they take", () => {
  const cases: Record<string, [yes: string[], no: string[]]> = {
    ">=1.2,<2": [["1.2", "1.10"], ["1.1", "2.0", "2.0rc1"]],
    "==1.2.*": [["1.2", "1.2.9"], ["1.20", "1.3"]],
    "!=1.5": [["1.4", "1.6"], ["1.5", "1.5.0"]],
    "~=1.4.2": [["1.4.2", "1.4.9"], ["1.4.1", "1.5"]],
    "~=1.4": [["1.4", "1.9"], ["1.3", "2.0"]],
    ">1.7": [["1.8", "1.7.1"], ["1.7", "1.7.post1"]],
    "": [["0.1"], []],
  };
  for (const [range, [yes, no]] of Object.entries(cases)) {
    for (const text of yes) assert(isInRange(version(text), range), `${text} ${range}`);
    for (const text of no) assert(!isInRange(version(text), range), `${text} ${range}`);
  }
  for (const none of [">=x", "1.0", "=1", ">=1 or 2"]) assertEquals(isRange(none), false, none);
});

Deno.test("markers are decided for the Python of agents", () => {
  const holds: Record<string, boolean> = {
    "python_version < '3.9'": false,
    'python_version >= "3.9" and sys_platform != "win32"': true,
    "extra == 'tls'": false,
    "(os_name == 'nt' or sys_platform == 'emscripten') and python_full_version >= '3.14.0'": true,
    "platform_system in 'Linux Emscripten'": true,
    "'linux' not in sys_platform": true,
  };
  for (const [marker, expected] of Object.entries(holds)) {
    assertEquals(markerHolds(marker, []), expected, marker);
  }
  assertEquals(markerHolds("extra == 'tls' and python_version > '3'", ["tls"]), true);
});

Deno.test("requirements are read as packages write them", () => {
  assertEquals(parseRequirement("My.Pkg [a, B] (>=1,<2) ; python_version<'4'"), {
    name: "my-pkg",
    extras: ["a", "b"],
    range: ">=1,<2",
    marker: "python_version<'4'",
  });
  assertEquals(parseRequirement("six"), { name: "six", extras: [], range: "", marker: undefined });
  for (const none of ["x @ https://e/x.whl", "-x", "a b", "x >=", ""]) {
    assertEquals(parseRequirement(none), undefined, none);
  }
});

Deno.test("a wheel fits when it is pure, or built for the interpreter", () => {
  const fits: Record<string, boolean> = {
    "a-1.0-py3-none-any.whl": true,
    "a-1.0-py2.py3-none-any.whl": true,
    "a-1.0-1-py3-none-any.whl": true,
    "a-1.0-py2-none-any.whl": false,
    "a-1.0-cp314-cp314-pyemscripten_2026_0_wasm32.whl": true,
    "a-1.0-cp313-cp313-pyemscripten_2026_0_wasm32.whl": false,
    "a-1.0-cp314-cp314-manylinux_2_28_x86_64.whl": false,
  };
  for (const [file, expected] of Object.entries(fits)) {
    assertEquals(parseWheelName(file)?.fits, expected, file);
  }
  assertEquals(parseWheelName("A_b.C-1.0-py3-none-any.whl")?.name, "a-b-c");
  for (
    const none of [
      "a-1.0.tar.gz",
      "a-1.0-py3./../../evil-none-any.whl",
      "a-1.0-py3.,/etc-none-any.whl",
      "a-1.0-py3.\0-none-any.whl",
    ]
  ) assertEquals(parseWheelName(none), undefined, none);
});
