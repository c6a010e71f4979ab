/** The way from the wires to a reading in docs/hardware.md: its sentences are understood, and its policy is enough. */
import { assert, assertEquals } from "@std/assert";
import { understand } from "../../../operator/planner/understand.ts";
import { configFromTemplate } from "../../../operator/templates/catalog.ts";
import { parseSpawnConfig } from "../../../protocol/spawn_config.ts";
import { parsePolicy } from "../../../runner/policy/parse.ts";
import { PolicyEnforcer } from "../../../runner/policy/policy_enforcer.ts";
import { readDocument } from "../../support/documents.ts";

const document = await readDocument("docs/hardware.md");
const [, page = ""] = document.split("## On a Raspberry Pi");
const [part = ""] = page.split("\n## ");

Deno.test("what the page says to the chat deploys an agent that its policy allows", () => {
  const [, policy = ""] = /```json\n(.*?)```/s.exec(part) ?? [];
  const enforcer = new PolicyEnforcer(parsePolicy(policy, "policy.json"));
  const rows = [...part.matchAll(/^\| `agentflow chat "(.*)"` +\| `(.*)` +\|$/gm)];
  const templates = rows.map(([, sentence = "", topic = ""]) => {
    const said = understand(sentence);
    assert(said.kind === "plan" && said.plan.kind === "spawn" && "template" in said.plan, sentence);
    const { template, parameters, agent, node } = said.plan;
    const config = configFromTemplate(template, parameters);
    enforcer.checkDevices(parseSpawnConfig({ name: agent, node, ...config }, node));
    assertEquals(config.permissions ?? {}, {}, sentence);
    const published = topic.startsWith("agents/")
      ? `"name": "${topic.split("/").at(-1)}"`
      : `"topic": "${topic}"`;
    assert(config.code.includes(published), `${sentence}: ${topic}`);
    return template;
  });
  assertEquals(templates, ["temperature", "humidity", "bme280", "door", "relay", "serial_lines"]);
});
