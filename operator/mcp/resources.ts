/** The resources an MCP client can read: agent API, protocol, examples, templates, and each agent's manifest. */
import { type McpServer, ResourceTemplate } from "./sdk.ts";
import calculator from "../../agents/examples/calculator.ts" with { type: "text" };
import caller from "../../agents/examples/caller.ts" with { type: "text" };
import counter from "../../agents/examples/counter.ts" with { type: "text" };
import daylight from "../../agents/examples/daylight.ts" with { type: "text" };
import temperatureSensor from "../../agents/examples/temperature_sensor.ts" with { type: "text" };
import thresholdAlert from "../../agents/examples/threshold_alert.ts" with { type: "text" };
import types from "../../agents/types.d.ts" with { type: "text" };
import agentApi from "../../docs/agent-api.md" with { type: "text" };
import policy from "../../docs/policy.md" with { type: "text" };
import protocol from "../../docs/protocol.md" with { type: "text" };
import { locate } from "../operations/find.ts";
import { liveAgents } from "../operations/find.ts";
import { survey } from "../operations/survey.ts";
import { templateNamed, TEMPLATES } from "../templates/catalog.ts";
import type { Workshop } from "../tools/tool.ts";

const TYPESCRIPT = "text/typescript";

interface Document {
  readonly name: string;
  readonly title: string;
  readonly uri: string;
  readonly mimeType: string;
  readonly text: string;
}

const DOCUMENTS: readonly Document[] = [
  {
    name: "api",
    title: "How an agent is written",
    uri: "agentflow://api",
    mimeType: "text/markdown",
    text: agentApi,
  },
  {
    name: "types",
    title: "Types of the agent API",
    uri: "agentflow://types",
    mimeType: TYPESCRIPT,
    text: types,
  },
  {
    name: "protocol",
    title: "What is said on the broker",
    uri: "agentflow://protocol",
    mimeType: "text/markdown",
    text: protocol,
  },
  {
    name: "policy",
    title: "What agents may have",
    uri: "agentflow://policy",
    mimeType: "text/markdown",
    text: policy,
  },
  {
    name: "templates",
    title: "Templates of agents, with their parameters",
    uri: "agentflow://templates",
    mimeType: "application/json",
    text: JSON.stringify(
      TEMPLATES.map(({ name, description, pollInterval, parameters }) => ({
        name,
        description,
        poll_interval: pollInterval,
        parameters: Object.fromEntries(
          Object.entries(parameters).map(([name, { kind, doc, default: value }]) => [name, {
            kind,
            doc,
            default: value,
          }]),
        ),
      })),
      null,
      2,
    ),
  },
  ...Object.entries({ calculator, caller, counter, daylight, temperatureSensor, thresholdAlert }).map((
    [name, text],
  ) => ({
    name: `example-${name}`,
    title: `Example: ${name}`,
    uri: `agentflow://examples/${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`,
    mimeType: TYPESCRIPT,
    text,
  })),
];

export function addResources(server: McpServer, workshop: Workshop): void {
  for (const { name, title, uri, mimeType, text } of DOCUMENTS) {
    server.registerResource(name, uri, { title, mimeType }, () => ({ contents: [{ uri, mimeType, text }] }));
  }
  addTemplates(server);
  addManifests(server, workshop);
}

function addTemplates(server: McpServer): void {
  const list = () => ({
    resources: TEMPLATES.map(({ name, description }) => ({
      uri: `agentflow://templates/${name}`,
      name: `template-${name}`,
      description,
      mimeType: TYPESCRIPT,
    })),
  });
  const complete = { name: () => TEMPLATES.map(({ name }) => name) };
  server.registerResource(
    "template",
    new ResourceTemplate("agentflow://templates/{name}", { list, complete }),
    { title: "Code of a template", mimeType: TYPESCRIPT },
    (uri, { name }) => ({
      contents: [{ uri: uri.href, mimeType: TYPESCRIPT, text: templateNamed(String(name)).code }],
    }),
  );
}

function addManifests(server: McpServer, { operator }: Workshop): void {
  const uriOf = (name: string) => `agentflow://agents/${encodeURIComponent(name)}/manifest`;
  const names = async () => {
    await survey(operator);
    return liveAgents(operator.fleet).map(({ name }) => name);
  };
  const list = async () => ({
    resources: (await names()).map((name) => ({
      uri: uriOf(name),
      name: `manifest-${name}`,
      mimeType: "application/json",
    })),
  });
  server.registerResource(
    "manifest",
    new ResourceTemplate("agentflow://agents/{name}/manifest", { list, complete: { name: names } }),
    { title: "Manifest of an agent, as it says it", mimeType: "application/json" },
    async (uri, { name }) => {
      await survey(operator);
      const { agent } = locate(operator.fleet, decodeURIComponent(String(name)));
      const text = JSON.stringify(agent.manifest ?? null, null, 2);
      return { contents: [{ uri: uri.href, mimeType: "application/json", text }] };
    },
  );
}
