/** The tool that checks an agent's code without running it. */
import { z } from "zod";
import { LANGUAGES } from "../../protocol/language.ts";
import { checkAgent } from "../author/check_agent.ts";
import { configFromTemplate } from "../templates/catalog.ts";
import { defineTool, failed, type Tool } from "./tool.ts";

const checkTool = defineTool({
  name: "check_agent",
  title: "Check an agent's code",
  description:
    "Checks the code of an agent in TypeScript (types) or Python (syntax, names, imports, use of the agent API), and lists the permissions that it seems to need. Nothing is run or sent.",
  effect: "look",
  input: {
    code: z.string().optional().describe("Either this or template"),
    template: z.string().optional(),
    parameters: z.looseObject({}).optional(),
    install: z.array(z.string()).optional(),
    language: z.enum(LANGUAGES).optional().describe("Detected from the code if left out"),
  },
  async run({ code, template, parameters, install = [], language }, _workshop, { signal }) {
    if ((code === undefined) === (template === undefined)) return failed("Give either code or template");
    const config = template === undefined ? undefined : configFromTemplate(template, parameters ?? {});
    const packages = Array.isArray(config?.install) ? config.install.map(String) : install;
    const checked = { code: config?.code ?? code ?? "", install: packages, language };
    const report = await checkAgent(checked, signal);
    return { ok: report.problems.length === 0, value: { ...report, asks_for: config?.permissions } };
  },
});

export const CHECK_TOOLS: readonly Tool[] = [checkTool];
