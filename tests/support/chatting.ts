/** A conversation with a scripted model, on a real node, and a person who answers as a test wants. */
import { Bus } from "../../operator/bus.ts";
import { Commander } from "../../operator/commander.ts";
import { Fleet } from "../../operator/fleet/fleet.ts";
import { Journal } from "../../operator/fleet/journal.ts";
import { watchFleet } from "../../operator/operations/survey.ts";
import { toolsOf } from "../../operator/tools/catalog.ts";
import type { ToolResult, Workshop } from "../../operator/tools/tool.ts";
import { parseBroker } from "../../protocol/broker/broker_url.ts";
import { Secret } from "../../protocol/config/secret.ts";
import type { ActionView } from "../../operator/chat/action.ts";
import { Conversation, type ConversationParts } from "../../operator/chat/conversation.ts";
import { openModel } from "../../operator/chat/model.ts";
import type { Person } from "../../operator/chat/person.ts";
import type { ProviderName } from "../../operator/chat/settings.ts";
import { ModelServer, type Scripted } from "./model_server.ts";
import { Stage } from "./stage.ts";

/** Invariant: says yes only to what `says` says yes to; keeps all that it was shown. */
export class ScriptedPerson implements Person {
  words = "";
  readonly notes: string[] = [];
  readonly asked: ActionView[] = [];
  readonly shown: { readonly tool: string; readonly result: ToolResult }[] = [];

  constructor(private readonly says: (action: ActionView) => boolean) {}

  write(text: string): void {
    this.words += text;
  }

  note(line: string): void {
    this.notes.push(line);
  }

  agrees(action: ActionView): Promise<boolean> {
    this.asked.push(action);
    return Promise.resolve(this.says(action));
  }

  show(tool: string, result: ToolResult): void {
    this.shown.push({ tool, result });
  }
}

export interface Chatting extends AsyncDisposable {
  readonly stage: Stage;
  readonly workshop: Workshop;
  /** A conversation with a model that says this. */
  with(
    script: readonly Scripted[],
    options?: {
      readonly says?: (action: ActionView) => boolean;
      readonly provider?: ProviderName;
      readonly limits?: NonNullable<ConversationParts["limits"]>;
    },
  ): Promise<Scripting>;
}

export interface Scripting {
  readonly server: ModelServer;
  readonly person: ScriptedPerson;
  readonly conversation: Conversation;
}

export async function chatting(): Promise<Chatting> {
  const parts = new AsyncDisposableStack();
  const stage = parts.use(await Stage.set());
  const bus = parts.use(
    await Bus.connect({ broker: parseBroker("127.0.0.1", stage.broker.port), access: {} as never }),
  );
  const operator = { bus, commander: new Commander(bus, undefined), fleet: new Fleet() };
  parts.use(await watchFleet(operator));
  const journal = parts.use(await Journal.open(bus));
  const workshop: Workshop = { operator, journal, by: "tester", deployNode: undefined };
  return {
    stage,
    workshop,
    with: async (script, { says = () => true, provider = "openai-compatible", limits } = {}) => {
      const server = parts.use(new ModelServer(script));
      const person = new ScriptedPerson(says);
      const model = await openModel({
        provider,
        model: "scripted",
        url: server.url,
        key: new Secret("the-key"),
      });
      const tools = toolsOf(workshop, { readOnly: false });
      const conversation = new Conversation({
        model,
        tools,
        workshop,
        person,
        ...(limits === undefined ? {} : { limits }),
      });
      return { server, person, conversation };
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}
