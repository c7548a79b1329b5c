import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BaseCheckpointSaver } from "@langchain/langgraph";
import { SqliteSaver } from "@langchain/langgraph-checkpoint-sqlite";
import { Command } from "commander";
import { oursMesh, swarmMesh, swarmMeshSharingTools } from "./compile.js";
import { contest, median, timed, type Medians } from "./contest.js";
import { oursTeam, peerTeam } from "./delegating.js";
import { fanOut } from "./fanout.js";
import { handwrittenRing, memory, oursRing, ringTurn, swarmRing, type Contestant } from "./handoff.js";
import { heapGrowth } from "./heap.js";
import { importTime } from "./imports.js";
import { measureSaver } from "./saver.js";
import { planRun } from "./planned.js";

/** What a section measured: ratios by the name under which `--json` writes them. */
type Ratios = Readonly<Record<string, number>>;

const HANDOFFS = 100;

const options = new Command("bench")
  .description("Times phasegraph beside its peers, in one process and in turn, and prints medians and ratios (ours ÷ theirs).")
  .option("--json <file>", "write the ratios to a file")
  .option("--only <sections>", "comma-separated: handoff, sqlite, durable, import, compile, saver, supervisor, plan, fanout, heap")
  .option("--rounds <n>", "measured rounds of each contestant", "9")
  .parse()
  .opts<{ json?: string; only?: string; rounds: string }>();
const rounds = Number(options.rounds);
if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError(`--rounds must be a whole number from 1 up, not ${options.rounds}`);

const ring = (contestant: Contestant) => () => ringTurn(contestant, HANDOFFS);

function show(title: string, medians: Medians<string>, ratios: Ratios): void {
  process.stdout.write(`\n${title}\n`);
  for (const [name, milliseconds] of Object.entries(medians))
    process.stdout.write(`  ${name.padEnd(32)} ${milliseconds.toFixed(1).padStart(8)} ms\n`);
  for (const [name, ratio] of Object.entries(ratios)) process.stdout.write(`  → ${name.padEnd(30)} ${ratio.toFixed(3).padStart(8)}\n`);
}

async function rings(title: string, saver: (name: string) => BaseCheckpointSaver, prefix: string): Promise<Ratios> {
  const medians = await contest(
    {
      phasegraph: ring(oursRing(HANDOFFS, saver("ours"))),
      "langgraph-swarm": ring(swarmRing(HANDOFFS, saver("swarm"))),
      "written by hand": ring(handwrittenRing(HANDOFFS, saver("hand"))),
    },
    rounds,
  );
  const ours = medians.phasegraph;
  const ratios = {
    [`${prefix}.vsSwarm`]: ours / medians["langgraph-swarm"],
    [`${prefix}.vsHandwritten`]: ours / medians["written by hand"],
  };
  show(title, medians, ratios);
  return ratios;
}

async function sqliteRings(): Promise<Ratios> {
  const folder = mkdtempSync(join(tmpdir(), "phasegraph-bench-"));
  const savers: SqliteSaver[] = [];
  const open = (name: string): SqliteSaver => {
    const saver = SqliteSaver.fromConnString(join(folder, `${name}.db`));
    savers.push(saver);
    return saver;
  };
  try {
    return await rings(`${HANDOFFS} handoffs in one turn, SQLite`, open, "handoff.sqlite");
  } finally {
    for (const saver of savers) saver.db.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function durableRings(): Promise<Ratios> {
  const medians = await contest(
    { "durable tasks": ring(oursRing(HANDOFFS, memory())), "without tasks": ring(oursRing(HANDOFFS, memory(), false)) },
    rounds,
  );
  const ratios = { "handoff.durableVsNot": medians["durable tasks"] / medians["without tasks"] };
  show(`${HANDOFFS} handoffs in one turn, MemorySaver, durable tasks on and off`, medians, ratios);
  return ratios;
}

async function imports(): Promise<Ratios> {
  const names = ["phasegraph", "phasegraph/statechart", "@langchain/langgraph"] as const;
  const medians = await contest(
    Object.fromEntries(names.map((name) => [name, () => importTime(name)])) as Record<(typeof names)[number], () => number>,
    rounds,
  );
  const ratios = {
    "import.vsLanggraph": medians.phasegraph / medians["@langchain/langgraph"],
    "import.statechartVsLanggraph": medians["phasegraph/statechart"] / medians["@langchain/langgraph"],
  };
  show("import in a new process", medians, ratios);
  return ratios;
}

async function meshes(): Promise<Ratios> {
  const ratios: Record<string, number> = {};
  for (const size of [10, 100, 200]) {
    const medians = await contest(
      {
        phasegraph: timed(() => oursMesh(size)),
        "langgraph-swarm": timed(() => swarmMesh(size)),
        "langgraph-swarm, shared tools": timed(() => swarmMeshSharingTools(size)),
      },
      rounds,
    );
    const ours = medians.phasegraph;
    const ratio = {
      [`compile.vsSwarm${size}`]: ours / medians["langgraph-swarm"],
      [`compile.vsSwarm${size}SharedTools`]: ours / medians["langgraph-swarm, shared tools"],
    };
    show(`build and compile a swarm of ${size}, everyone to everyone`, medians, ratio);
    Object.assign(ratios, ratio);
  }
  return ratios;
}

async function saver(): Promise<Ratios> {
  const { medians, bytes, ratios } = await measureSaver(rounds);
  show("a thread of 500 turns, 500 characters each way, and 100 handoffs, SQLite saver", medians, {});
  for (const [name, size] of Object.entries(bytes))
    process.stdout.write(`  ${name.padEnd(32)} ${size.toLocaleString("en").padStart(12)} bytes\n`);
  show("ours ÷ theirs, and the end of the thread ÷ its beginning", {}, ratios);
  return ratios;
}

const DELEGATIONS = 100;

async function supervisors(): Promise<Ratios> {
  const ours = oursTeam(DELEGATIONS);
  const peer = peerTeam(DELEGATIONS);
  const medians = await contest({ phasegraph: () => ours.turn(), "langgraph-supervisor": () => peer.turn() }, rounds);
  const ratios = {
    "supervisor.timeVsPeer": medians.phasegraph / medians["langgraph-supervisor"],
    "supervisor.promptCharsVsPeer": ours.meter.promptChars / peer.meter.promptChars,
    "supervisor.modelCallsVsPeer": ours.meter.calls / peer.meter.calls,
  };
  show(`${DELEGATIONS} delegations that return 200 characters each, MemorySaver`, medians, ratios);
  return ratios;
}

async function plans(): Promise<Ratios> {
  const runs = [];
  for (let seed = 1; seed <= Math.min(rounds, 5); seed += 1) runs.push(await planRun(seed));
  const ratios = { "plan.overCriticalPath": median(runs.map(({ milliseconds, least }) => milliseconds / least)) };
  const medians = { phasegraph: median(runs.map((run) => run.milliseconds)), "least possible": median(runs.map((run) => run.least)) };
  show("a plan of 200 tasks of 20 to 200 ms, 16 at once", medians, ratios);
  return ratios;
}

async function fanOuts(): Promise<Ratios> {
  const few = Math.min(rounds, 3);
  const ours = await fanOut(few, "ours", "5000");
  const sends = [await fanOut(few, "send", "5000"), await fanOut(few, "send", "5000", "10"), await fanOut(few, "send", "5000", "50")];
  const thousand = await fanOut(few, "ours", "1000");
  const tenThousand = await fanOut(few, "ours", "10000");
  const children = await fanOut(few, "agents", "1000");
  const medians = {
    "5,000 items, phasegraph": ours.milliseconds,
    "5,000 items, Send": sends[0]?.milliseconds ?? Number.NaN,
    "5,000 items, Send, 10 at once": sends[1]?.milliseconds ?? Number.NaN,
    "5,000 items, Send, 50 at once": sends[2]?.milliseconds ?? Number.NaN,
    "1,000 items": thousand.milliseconds,
    "10,000 items": tenThousand.milliseconds,
    "1,000 agent turns in threads": children.milliseconds,
  };
  const ratios = {
    "fanout.vsSend5k": ours.milliseconds / Math.min(...sends.map((one) => one.milliseconds)),
    "fanout.growth10kOver1k": tenThousand.milliseconds / thousand.milliseconds,
    "fanout.childUsPerItem": children.milliseconds,
    "fanout.rssMb10k": tenThousand.rssMb,
  };
  show("fan-out, each in a process of its own", medians, ratios);
  return ratios;
}

async function heaps(): Promise<Ratios> {
  const ratios = { "heap.growthPer10kHandoffs": await heapGrowth(Math.min(rounds, 3)) };
  show("megabytes of heap that 10,000 handoffs leave behind, their threads deleted", {}, ratios);
  return ratios;
}

const SECTIONS: Readonly<Record<string, () => Promise<Ratios>>> = {
  handoff: () => rings(`${HANDOFFS} handoffs in one turn, MemorySaver`, memory, "handoff"),
  sqlite: sqliteRings,
  durable: durableRings,
  import: imports,
  compile: meshes,
  saver,
  supervisor: supervisors,
  plan: plans,
  fanout: fanOuts,
  heap: heaps,
};

const chosen = options.only?.split(",") ?? Object.keys(SECTIONS);
const unknown = chosen.filter((name) => !(name in SECTIONS));
if (unknown.length > 0) throw new RangeError(`No section "${unknown.join('", "')}"; there are ${Object.keys(SECTIONS).join(", ")}.`);
const ratios: Record<string, number> = {};
for (const name of chosen) Object.assign(ratios, await SECTIONS[name]?.());
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(ratios, null, 2)}\n`);
