import { tool } from "@langchain/core/tools";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { scriptedModel } from "../../testing/index.js";
import { failure, says } from "./says.js";
// #region team
import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import type { StructuredToolInterface } from "@langchain/core/tools";
import { human, magentic, magenticResult, specialist } from "phasegraph";

const team = (models: { orchestrator: BaseChatModel; coder: BaseChatModel }, runCode: StructuredToolInterface) =>
  magentic({
    name: "team",
    orchestrator: models.orchestrator,
    team: [
      specialist("Coder", { model: models.coder }),
      specialist("ComputerTerminal", { tools: [runCode] }),
      human({ id: "owner", description: "Knows what was meant" }),
    ],
    maxRounds: 20,
  });
// #endregion

const ran: string[] = [];
const runCode = tool(
  ({ language, code }) => {
    ran.push(`${language}: ${code.trim()}`);
    if (code.includes("fail")) throw new Error("exit code 1");
    return code.includes("6 * 7") ? "42" : "ok";
  },
  { name: "run_code", description: "runs a script", schema: z.object({ language: z.enum(["python", "sh"]), code: z.string() }) },
);
const files = ["list_directory", "read_file", "find_in_file"].map((name) =>
  tool(() => "", { name, description: name, schema: z.looseObject({ path: z.string() }) }),
);

const ask = (next: string, instruction: string, satisfied = false) =>
  JSON.stringify({
    is_request_satisfied: { reason: "", answer: satisfied },
    is_in_loop: { reason: "", answer: false },
    is_progress_being_made: { reason: "", answer: true },
    next_speaker: { reason: "", answer: next },
    instruction_or_question: { reason: "", answer: instruction },
  });

describe("B11 specialist roles", () => {
  it("a coder writes, a terminal runs, a person is there to be asked", async () => {
    const model = scriptedModel([
      "facts",
      "plan",
      ask("Coder", "Write it."),
      ask("ComputerTerminal", "Run it."),
      ask("Coder", "", true),
      "It is 42.",
    ]);
    const coderModel = scriptedModel(["```python\nprint(6 * 7)\n```"]);
    const state = await team({ orchestrator: model, coder: coderModel }, runCode)
      .compile()
      .invoke({ messages: [{ role: "user", content: "What is six times seven?" }] });

    expect(state.messages.at(-1)?.text).toBe("It is 42.");
    expect(magenticResult(state)).toMatchObject({ stop: "satisfied", rounds: 3, resets: 0 });
    expect(ran).toEqual(["python: print(6 * 7)"]);
    expect(state.messages.map(({ text }) => text)).toContain("42");
    expect(coderModel.calls[0]?.messages[0]?.text).toContain("You write code.");
    model.assertDone();
    coderModel.assertDone();
  });

  const terminal = async (instruction: string) => {
    ran.length = 0;
    let round = 0;
    const orchestrator = ({ purpose }: { purpose: string }) =>
      purpose === "progress" ? ask("ComputerTerminal", instruction, (round += 1) > 1) : purpose;
    const state = await magentic({ name: "team", orchestrator, team: [specialist("ComputerTerminal", { tools: [runCode] })] })
      .compile()
      .invoke(says("x"));
    return state.messages.find(({ name }) => name === "ComputerTerminal")?.text;
  };

  it("a terminal runs every script of a message in order, and stops at the first that fails", async () => {
    expect(await terminal("```sh\nls\n```\nthen\n```py\nfail\n```\nand\n```bash\nnever\n```")).toBe("ok\n\nError: exit code 1");
    expect(ran).toEqual(["sh: ls", "python: fail"]);
  });

  it("a terminal runs nothing but python and sh", async () => {
    expect(await terminal("Run `ls`, please: ```js\nalert(1)\n```")).toBe("There is no ```python or ```sh block to run.");
    expect(ran).toEqual([]);
  });

  it("a role without its tools, or with others of the same name, is refused with all that is wrong", async () => {
    const model = scriptedModel([]);
    const wrong = tool(() => "", { name: "web_search", description: "", schema: z.strictObject({ words: z.string() }) });
    const refused = (make: () => unknown) => failure(Promise.resolve().then(make)).then(({ message }) => message);
    expect(await refused(() => specialist("WebSurfer", { model, tools: [wrong] }))).toMatch(
      /tools\.web_search: it has to take a call such as web_search\({"query":"q"}\)[\s\S]*tools\.open_page: give a tool that opens an address/,
    );
    expect(await refused(() => specialist("FileSurfer", { tools: files }))).toMatch(/works with a model.*MISSING_MODEL/);
    expect(await refused(() => specialist("ComputerTerminal", { model, tools: [runCode] }))).toMatch(/NO_MODEL_HERE/);
    const json = tool(() => "", {
      name: "run_code",
      description: "",
      schema: { type: "object", properties: { code: { type: "string" } }, required: ["code"] },
    });
    expect(await refused(() => specialist("ComputerTerminal", { tools: [json] }))).toMatch(/TOOL_ARGUMENTS/);
  });

  it("a role keeps its contract with the tools it asks for, under another id too", () => {
    expect(specialist("FileSurfer", { id: "reader", model: scriptedModel([]), tools: files })).toMatchObject({
      id: "reader",
      description: expect.stringContaining("Reads local files") as unknown,
    });
  });
});
