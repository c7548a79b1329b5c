import { isInteropZodSchema } from "@langchain/core/utils/types";
import type { ToolMessage } from "@langchain/core/messages";
import type { ToolCall } from "@langchain/core/messages/tool";
import type { StructuredToolInterface } from "@langchain/core/tools";
import type { z } from "zod";
import type { Agent, Turn } from "../src/agent/agent.js";
import { reply, type Outcome } from "../src/agent/outcome.js";
import { InvalidDefinitionError, type Issue } from "../src/base/errors.js";
import { fencesIn } from "../src/base/fences.js";
import { maybe, readForm, shape, text } from "../src/base/form.js";
import { agent } from "./agent.js";
import { MODEL_AGENT, type ModelAgent } from "./model-agent.js";
import { runTools } from "./tool-calls.js";

/** What a tool of a role is called with, and what it is for. */
interface ToolContract {
  readonly description: string;
  /** Arguments that it has to take. */
  readonly sample: Readonly<Record<string, unknown>>;
}

interface RoleContract {
  readonly description: string;
  readonly prompt: string;
  readonly tools: Readonly<Record<string, ToolContract>>;
}

/** The specialists of Magentic-One: how they are described to an orchestrator, and the tools that make them what they are. */
export const SPECIALISTS = {
  WebSurfer: {
    description: "Has a web browser: searches the web, opens pages, scrolls, clicks, types, and answers questions about a page",
    prompt:
      "You work with a web browser. Do what you are asked with your tools, and report what you found with the addresses of the pages.",
    tools: {
      web_search: { description: "searches the web", sample: { query: "q" } },
      open_page: { description: "opens an address and gives the text in view", sample: { url: "https://example.org/" } },
      scroll_page: { description: "scrolls the open page", sample: { direction: "down" } },
      click: { description: "follows a link or presses a button of the open page", sample: { target: "1" } },
      type_text: { description: "types into a field of the open page", sample: { target: "1", text: "t" } },
    },
  },
  FileSurfer: {
    description: "Reads local files: lists folders, opens files of many kinds as text, and finds words in them; it cannot write",
    prompt: "You read local files. Do what you are asked with your tools, and report what you found with the paths of the files.",
    tools: {
      list_directory: { description: "lists a folder", sample: { path: "." } },
      read_file: { description: "gives a page of a file as text", sample: { path: "a.txt", page: 1 } },
      find_in_file: { description: "finds words in a file", sample: { path: "a.txt", text: "t" } },
    },
  },
  Coder: {
    description: "Writes and corrects Python and shell scripts, reasons and calculates; it cannot run anything",
    prompt:
      "You write code. Give complete scripts in ```python or ```sh blocks, one script a block, that print what they find: another member " +
      "runs them as they are. When a script failed, find out why and give a corrected whole one. Without need for code, answer in words.",
    tools: {},
  },
  ComputerTerminal: {
    description: "Runs the ```python and ```sh blocks it is given, or that were last given to the team, and nothing else",
    prompt: "",
    tools: { run_code: { description: "runs a script and gives what it prints", sample: { language: "python", code: "print(1)" } } },
  },
} as const satisfies Readonly<Record<string, RoleContract>>;

/** One of the roles. */
export type SpecialistRole = keyof typeof SPECIALISTS;

/** What a role is filled with. */
export interface SpecialistDefinition<Id extends string, State> extends Partial<
  Pick<ModelAgent<Id, State>, "model" | "approval" | "limits" | "durable">
> {
  /** Default: the role's name. */
  readonly id?: Id;
  /** Default: the role's own. */
  readonly description?: string;
  /** Added to the role's own prompt. */
  readonly prompt?: string;
  /** The tools of the role's contract, and others beside them. */
  readonly tools?: readonly StructuredToolInterface[];
}

const DEFINITION = shape<SpecialistDefinition<string, never>>({
  id: maybe(text),
  description: maybe(text),
  model: maybe(MODEL_AGENT.model),
  prompt: maybe(text),
  tools: maybe(MODEL_AGENT.tools),
  approval: MODEL_AGENT.approval,
  limits: MODEL_AGENT.limits,
  durable: MODEL_AGENT.durable,
});

/**
 * A specialist of Magentic-One, whose tools keep the contract of its role ({@link SPECIALISTS}): WebSurfer, FileSurfer and Coder
 * work with a model; ComputerTerminal needs none, it runs the scripts it is given and does nothing else.
 * @throws InvalidDefinitionError with every tool that is missing or takes other arguments, and when there is no model where one is needed.
 */
export function specialist<const Role extends SpecialistRole, const Id extends string = Role, State = object>(
  role: Role,
  given: SpecialistDefinition<Id, State>,
): Agent<Id, State> {
  const definition = readForm(`Specialist ${role}`, given, DEFINITION);
  const { id = role as string as Id, model, tools = [], prompt, description, ...rest } = definition; // without an id, Id is Role
  const contract: RoleContract = SPECIALISTS[role];
  const issues = [...contractIssues(contract, tools), ...modelIssues(role, model, rest.approval)];
  if (issues.length > 0) throw new InvalidDefinitionError(`Specialist "${id}"`, issues);
  const told = description ?? contract.description;
  if (model === undefined)
    return agent<Id, State>({
      id,
      description: told,
      run: (turn) => runScripts(turn as Turn, tools, rest.durable) as Promise<Outcome<State>>,
    });
  const system = [contract.prompt, prompt].filter((part) => part !== undefined && part !== "").join("\n\n");
  return agent<Id, State>({ ...rest, id, description: told, model, tools, prompt: system });
}

const TERMINAL: SpecialistRole = "ComputerTerminal";

function modelIssues(role: SpecialistRole, model: unknown, approval: unknown): Issue[] {
  if (role !== TERMINAL)
    return model === undefined ? [{ path: "model", code: "MISSING_MODEL", message: `a ${role} works with a model; give one` }] : [];
  return [
    ...(model === undefined
      ? []
      : [{ path: "model", code: "NO_MODEL_HERE", message: `a ${role} runs scripts without a model; leave it out` }]),
    ...(approval === undefined
      ? []
      : [{ path: "approval", code: "NO_MODEL_HERE", message: `approvals are asked for by a model's turn; have the tool ask` }]),
  ];
}

function contractIssues(contract: RoleContract, tools: readonly StructuredToolInterface[]): Issue[] {
  return Object.entries(contract.tools).flatMap(([name, { description, sample }]): Issue[] => {
    const found = tools.find((given) => given.name === name);
    const path = `tools.${name}`;
    const call = `${name}(${JSON.stringify(sample)})`;
    if (found === undefined) return [{ path, code: "MISSING_TOOL", message: `give a tool that ${description}, to be called as ${call}` }];
    return takes(found.schema, sample) ? [] : [{ path, code: "TOOL_ARGUMENTS", message: `it has to take a call such as ${call}` }];
  });
}

/** A zod schema takes the sample; a JSON schema knows its keys and asks for no others. */
function takes(schema: StructuredToolInterface["schema"], sample: Readonly<Record<string, unknown>>): boolean {
  if (isInteropZodSchema(schema)) return (schema as z.ZodType).safeParse(sample).success; // both versions of zod have safeParse
  const { properties = {}, required = [] } = schema as { readonly properties?: object; readonly required?: readonly string[] };
  return Object.keys(sample).every((key) => key in properties) && required.every((key) => key in sample);
}

const LANGUAGES: Readonly<Record<string, string>> = { python: "python", py: "python", sh: "sh", bash: "sh", shell: "sh" };
const MAX_SCRIPTS = 20;

/** The scripts of the newest message that has any, one after another, until one fails. Each run is a durable task. */
async function runScripts(turn: Turn, tools: readonly StructuredToolInterface[], durable = true): Promise<Outcome> {
  const source = turn.messages.findLast(({ text }) => scriptsIn(text).length > 0);
  const scripts = source === undefined ? [] : scriptsIn(source.text);
  if (scripts.length === 0) return reply("There is no ```python or ```sh block to run.");
  const toolbox = { tools: new Map(tools.map((given) => [given.name, given])), signal: turn.config.signal, durable, others: [] };
  const askedBy = `${source?.id ?? ""}@${turn.control.turn}`; // the same scripts, asked for in another turn, are other calls
  const printed: string[] = [];
  for (const [index, args] of scripts.slice(0, MAX_SCRIPTS).entries()) {
    turn.budget.spend("toolCalls");
    const call: ToolCall = { name: "run_code", args, id: `script-${index + 1}`, type: "tool_call" };
    const [piece] = await runTools(turn, [{ call, askedBy }], toolbox);
    const [answer] = (piece?.said ?? []) as readonly ToolMessage[]; // one call, one answer
    printed.push(answer?.text ?? "");
    if (answer?.status === "error") break;
  }
  if (scripts.length > MAX_SCRIPTS) printed.push(`Only the first ${MAX_SCRIPTS} of ${scripts.length} scripts were run.`);
  return reply(printed.join("\n\n"));
}

const scriptsIn = (text: string): { language: string; code: string }[] =>
  fencesIn(text).flatMap(({ tag, lines: code }) => {
    const language = LANGUAGES[tag.toLowerCase()];
    return language === undefined || code === "" ? [] : [{ language, code }];
  });
