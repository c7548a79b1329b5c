import { AGENT_ID } from "../../src/agent/agent.js";

/** A member of a recorded team: the name in the log, and the id it has in ours. */
export interface RecordedMember {
  readonly id: string;
  readonly name: string;
  readonly description: string;
}

interface Entry {
  readonly role: string;
  readonly content: string;
}

const MAX_TEAM = 50;
/** Ids that our own orchestrator has, and names that LangGraph keeps to itself. */
const TAKEN = ["orchestrator", "facts", "plan", "progress", "answer", "tools", "task", "end", "start", "constructor", "prototype"];
const STATE = ["messages", "control", "results", "tasks"];

/** The team of a log: whom its plans name, who was asked, and who spoke. A ledger alone makes nobody a member. */
export class TeamOfLog {
  readonly members: readonly RecordedMember[];
  private readonly byName: ReadonlyMap<string, string>;

  constructor(entries: readonly Entry[]) {
    const described = new Map(entries.flatMap(({ role, content }) => (role === "Orchestrator (thought)" ? teamIn(content) : [])));
    const asked = entries.flatMap(({ role }) => askedBy(role) ?? []);
    const spoke = entries
      .map(({ role }) => role)
      .filter((role) => !role.startsWith("Orchestrator") && (role !== "human" || asked.includes(role)));
    const names = [...new Set([...described.keys(), ...asked, ...spoke])].slice(0, MAX_TEAM);
    const ids = new Set([...TAKEN, ...STATE]);
    this.members = (names.length === 0 ? ["nobody"] : names).map((name) => {
      const id = freeId(name, ids);
      ids.add(id);
      return { id, name, description: described.get(name) ?? "" };
    });
    this.byName = new Map(this.members.map(({ id, name }) => [name, id]));
  }

  idOf(name: string): string | undefined {
    return this.byName.get(name);
  }
}

/** Whom the orchestrator asked, by the role of a line: `Orchestrator (-> Coder)`. */
export function askedBy(role: string): string | undefined {
  if (!/^Orchestrator\s*\(->/.test(role) || !role.endsWith(")")) return undefined;
  return role.slice(role.indexOf("->") + 2, -1).trim() || undefined;
}

/** The name itself where it can be an id; else what of it can, and a number where that is taken. */
function freeId(name: string, taken: ReadonlySet<string>): string {
  const base = AGENT_ID.test(name)
    ? name
    : name
        .replace(/[^A-Za-z0-9_-]+/g, "_")
        .replace(/^[^A-Za-z0-9]+/, "")
        .slice(0, 60) || "member";
  for (let count = 1; ; count += 1) {
    const id = count === 1 ? base : `${base.slice(0, 60)}_${count}`;
    if (!taken.has(id)) return id;
  }
}

const TEAM = "assembled the following team:";
const AFTER_TEAM = "Here is an initial fact sheet";

/** Name and description of each member, as a plan lists them: one a line. */
function teamIn(plan: string): [name: string, description: string][] {
  const start = /^\s*(?:Initial|New) plan:/.test(plan) ? plan.indexOf(TEAM) : -1;
  if (start < 0) return [];
  const [list = ""] = plan
    .slice(start + TEAM.length)
    .trimStart()
    .split(AFTER_TEAM, 1);
  const lines = list.split("\n");
  const end = lines.findIndex((line, index) => line.trim() === "" && lines[index + 1]?.trim() === "" && index + 2 < lines.length);
  return lines.slice(0, end < 0 ? lines.length : end).flatMap((line): [string, string][] => {
    const [, name, description] = /^\s*([\w-]+(?: [\w-]+){0,3}): (.*)$/.exec(line) ?? [];
    return name === undefined || description === undefined ? [] : [[name, description]];
  });
}
