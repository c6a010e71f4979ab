/** `agentflow chat`: takes instructions in words, for a model or the built-in planner. */
import type { Command } from "commander";
import { ConfigError } from "../../../protocol/config/config_error.ts";
import type { Answer, ChatSession } from "../../chat/session.ts";
import type { Cli, Run } from "../cli.ts";
import { addModelOptions, readModel } from "../chat/model_flags.ts";
import { printAnswer } from "../chat/print_answer.ts";
import type { Prompt } from "../chat/prompt.ts";
import { EXIT } from "../exit_code.ts";
import { isSet } from "../options.ts";
import { openWorkshop } from "../workshop.ts";

export function addChat(program: Command, cli: Cli): void {
  const command = program.command("chat")
    .description("say in words what to do: every action is shown and must be confirmed")
    .argument("[SENTENCE...]", "what to do (default: start a conversation)")
    .option(
      "-y, --yes",
      "take every action without asking, even if what the model read misleads it: for scripts",
    )
    .option("--read-only", "only look: never start, change or end anything");
  addModelOptions(command);
  cli.connected(command, async (run, operator, ...words) => {
    const settings = await readModel(run.options, run.env);
    // Loaded lazily: other commands do not need them.
    const { toolsOf } = await import("../../tools/catalog.ts");
    const { isDone, ChatSession } = await import("../../chat/session.ts");
    const { TerminalPerson } = await import("../chat/terminal_person.ts");
    const { Prompt } = await import("../chat/prompt.ts");
    using workshop = await openWorkshop(run, operator);
    const tools = toolsOf(workshop, { readOnly: isSet(run.options, "readOnly") });
    const sentence = words.filter((word) => word !== undefined).join(" ").trim();
    const isAsked = Deno.stdin.isTerminal();
    await using prompt = sentence === "" || isAsked ? await Prompt.open(run.env) : null;
    const ask = prompt === null || !isAsked
      ? undefined
      : async (question: string, signal: AbortSignal) => await prompt.question(question, signal) ?? "";
    const person = new TerminalPerson(run, ask, isSet(run.options, "yes"));
    const conversation = settings === undefined ? undefined : await converse();
    const session = new ChatSession({
      workshop,
      tools,
      person,
      conversation,
      whyLacking: () => "--read-only does not allow changes",
    });
    if (prompt === null || sentence !== "") {
      const answer = await interruptible(run, prompt, (signal) => session.answer(sentence, signal));
      printAnswer(run, answer);
      return isDone(answer) ? EXIT.ok : EXIT.failed;
    }
    run.note(
      settings === undefined
        ? "No model is set: use plain sentences (/help lists them)"
        : `Model: ${settings.model}`,
    );
    const undone = await converseByLines(run, prompt, session, isDone);
    // A person has seen the failures; a script needs the exit code.
    return undone > 0 && !isAsked ? EXIT.failed : EXIT.ok;

    async function converse() {
      const { Conversation } = await import("../../chat/conversation.ts");
      const { openModel } = await import("../../chat/model.ts");
      if (settings === undefined) throw new Error("No model is set");
      return new Conversation({ model: await openModel(settings), tools, workshop, person });
    }
  });
}

/** @returns how many lines were not carried out in full @throws ConfigError when there are no lines at all */
async function converseByLines(
  run: Run,
  prompt: Prompt,
  session: ChatSession,
  isDone: (answer: Answer) => boolean,
): Promise<number> {
  let [said, undone] = [0, 0];
  while (!run.signal.aborted) {
    const idle = new AbortController();
    const leave = () => idle.abort();
    run.signal.addEventListener("abort", leave);
    prompt.onInterrupt(leave);
    const line = await prompt.question("agentflow> ", idle.signal);
    run.signal.removeEventListener("abort", leave);
    if (line === undefined) break;
    if (line.trim() === "") continue;
    said++;
    try {
      const answer = await interruptible(run, prompt, (signal) => session.answer(line, signal));
      printAnswer(run, answer);
      if (answer.kind === "quit") break;
      if (!isDone(answer)) undone++;
    } catch (error) {
      // A failed turn does not end the conversation.
      undone++;
      const { message } = error as Error;
      if (run.json) run.printJson({ ok: false, error: message });
      else run.note(`agentflow: ${message}`);
    }
  }
  if (said === 0 && !Deno.stdin.isTerminal()) {
    throw new ConfigError("Nothing was said: give a sentence, or one on each line of stdin");
  }
  return undone;
}

/** Runs `work`, which Ctrl-C aborts. */
async function interruptible<T>(
  run: Run,
  prompt: Prompt | null,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const stop = () => controller.abort(new Error("interrupted"));
  run.signal.addEventListener("abort", stop);
  prompt?.onInterrupt(stop);
  try {
    return await work(controller.signal);
  } finally {
    run.signal.removeEventListener("abort", stop);
  }
}
