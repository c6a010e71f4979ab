/** Completes an unfinished command line for a shell, derived from the commands themselves. Pure. */
import type { Argument, Command, Option } from "commander";
import { isName } from "../../protocol/names.ts";
import type { Seen } from "./seen.ts";

export interface Candidate {
  readonly value: string;
  readonly help: string;
}

export interface Completion {
  readonly candidates: readonly Candidate[];
  /** Whether the shell should also offer files. */
  readonly files: boolean;
}

const NOTHING: Completion = { candidates: [], files: false };
const FILES: Completion = { candidates: [], files: true };

/** @param words after the program's name; the last one is being typed, and may be empty */
export function complete(program: Command, words: readonly string[], seen: Seen): Completion {
  const current = words.at(-1) ?? "";
  const { command, rest } = descend(program, words.slice(0, -1));
  const previous = rest.at(-1);
  const waiting = previous === undefined ? undefined : optionOf(command, previous);
  if (waiting !== undefined && takesValue(waiting)) return forValue(waiting, seen, current);
  const [flag = "", ...given] = current.split("=");
  const inline = given.length > 0 ? optionOf(command, flag) : undefined;
  if (inline !== undefined) {
    const { candidates, files } = forValue(inline, seen, given.join("="));
    return { candidates: candidates.map(({ value, help }) => ({ value: `${flag}=${value}`, help })), files };
  }
  if (current.startsWith("-")) return { candidates: starting(flagsOf(command), current), files: false };
  if (command.commands.length > 0) {
    return { candidates: starting(commandsOf(command), current), files: false };
  }
  return forArgument(command, positionals(command, rest), seen, current);
}

function descend(program: Command, words: readonly string[]): { command: Command; rest: readonly string[] } {
  let command = program;
  for (let index = 0; index < words.length; index++) {
    const next = command.commands.find((sub) => sub.name() === words[index]);
    if (next === undefined) return { command, rest: words.slice(index) };
    command = next;
  }
  return { command, rest: [] };
}

function forArgument(command: Command, given: number, seen: Seen, current: string): Completion {
  const declared = command.registeredArguments;
  const last = declared.at(-1);
  const argument: Argument | undefined = declared[given] ?? (last?.variadic ? last : undefined);
  if (argument === undefined) return NOTHING;
  if (argument.argChoices !== undefined) {
    return { candidates: starting(named(argument.argChoices, ""), current), files: false };
  }
  return byName(argument.name(), seen, current);
}

function forValue(option: Option, seen: Seen, current: string): Completion {
  const value = /[<[]([^>\]]+)/.exec(option.flags)?.[1] ?? "";
  if (option.argChoices !== undefined) {
    return { candidates: starting(named(option.argChoices, ""), current), files: false };
  }
  return byName(value, seen, current);
}

/** Candidates by the value's name in the help. */
function byName(name: string, seen: Seen, current: string): Completion {
  if (/FILE|FLEET|DIR|PAYLOAD/.test(name)) return FILES;
  const candidates = [
    ...(/AGENT/.test(name) ? named(seen.agents, "agent") : []),
    ...(/NODE/.test(name) ? named(seen.nodes, "node") : []),
  ];
  // The shell inserts candidates into the command line, where `$(…)` would run.
  const safe = candidates.filter(({ value }) => isName(value));
  return { candidates: starting(safe, current), files: false };
}

function commandsOf(command: Command): Candidate[] {
  return command.createHelp().visibleCommands(command)
    .map((sub) => ({ value: sub.name(), help: sub.description() }));
}

function flagsOf(command: Command): Candidate[] {
  return command.createHelp().visibleOptions(command)
    .flatMap(({ long, description }) => long ? [{ value: long, help: description }] : []);
}

function positionals(command: Command, words: readonly string[]): number {
  let count = 0;
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    if (!word.startsWith("-") || word === "-") count++;
    else if (!word.includes("=") && takesValue(optionOf(command, word))) index++;
  }
  return count;
}

function optionOf(command: Command, word: string): Option | undefined {
  return command.options.find(({ long, short }) => word !== "" && (long === word || short === word));
}

function takesValue(option: Option | undefined): boolean {
  return option !== undefined && (option.required || option.optional);
}

function named(values: readonly string[], help: string): Candidate[] {
  return values.map((value) => ({ value, help }));
}

function starting(candidates: readonly Candidate[], start: string): Candidate[] {
  return candidates.filter(({ value }) => value.startsWith(start));
}
