import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BaseCheckpointSaver } from "@langchain/langgraph";
import { SqliteSaver } from "@langchain/langgraph-checkpoint-sqlite";
import { Command } from "commander";
import { oursMesh, swarmMesh, swarmMeshSharingTools } from "./compile.js";
import { contest, timed, type Medians } from "./contest.js";
import { handwrittenRing, memory, oursRing, ringTurn, swarmRing, type Contestant } from "./handoff.js";
import { importTime } from "./imports.js";
import { measureSaver } from "./saver.js";

/** What a section measured: ratios by the name under which `--json` writes them. */
type Ratios = Readonly<Record<string, number>>;

const HANDOFFS = 100;

const options = new Command("bench")
  .description("Times phasegraph beside its peers, in one process and in turn, and prints medians and ratios (ours ÷ theirs).")
  .option("--json <file>", "write the ratios to a file")
  .option("--only <sections>", "comma-separated: handoff, sqlite, durable, import, compile, saver")
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

const SECTIONS: Readonly<Record<string, () => Promise<Ratios>>> = {
  handoff: () => rings(`${HANDOFFS} handoffs in one turn, MemorySaver`, memory, "handoff"),
  sqlite: sqliteRings,
  durable: durableRings,
  import: imports,
  compile: meshes,
  saver,
};

const chosen = options.only?.split(",") ?? Object.keys(SECTIONS);
const unknown = chosen.filter((name) => !(name in SECTIONS));
if (unknown.length > 0) throw new RangeError(`No section "${unknown.join('", "')}"; there are ${Object.keys(SECTIONS).join(", ")}.`);
const ratios: Record<string, number> = {};
for (const name of chosen) Object.assign(ratios, await SECTIONS[name]?.());
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(ratios, null, 2)}\n`);
