import { describe, it } from "vitest";
import type { Orchestration } from "../../index.js";
import { patternContract } from "../../testing/index.js";
import * as subjects from "./subjects.js";

const features = {
  "B1 sequential": [subjects.oneAfterAnother, subjects.lenient, subjects.alone],
  "B2 parallel": [subjects.isolating, subjects.stopping, subjects.synthesized],
  "B3 hierarchical": [subjects.joining, subjects.led, subjects.strictly],
  "B4 consensus": [subjects.jury, subjects.deliberating],
  "B5 map-reduce": [subjects.mapping],
  "B6 pipeline": [subjects.talking, subjects.working, subjects.circling, subjects.supervised, subjects.mixed],
  "B7 swarm": [subjects.mesh, subjects.restricted, subjects.silent],
  "B8 supervisor": [subjects.delegating, subjects.dispatching, subjects.deferring],
  "B9 loop": [subjects.panel, subjects.queue, subjects.single],
  "B10 orchestrator-worker": [subjects.planned, subjects.bare],
  "B11 Magentic-One": [subjects.ledgers, subjects.unforgiving],
  "B12 router": [subjects.routed, subjects.overseen],
  "B13 coordinator": [subjects.rotating, subjects.relaying, subjects.calling],
};

/** Edges that a guard closes for good. */
const unreachable: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  racing: { "start —→ race.judge.awake": "nobody has voted at the start" },
  single: { "critic —APPROVE.critic→ writer": "nobody else can be against it" },
};

for (const [feature, orchestrations] of Object.entries(features)) {
  for (const orchestration of orchestrations as readonly Orchestration[]) {
    describe(`${feature} "${orchestration.name}"`, () => {
      for (const check of patternContract(orchestration, { unreachable: unreachable[orchestration.name] ?? {} }))
        it(check.title, check.run);
    });
  }
}

describe('A6 own machine "racing"', () => {
  for (const check of patternContract(subjects.racing, { unreachable: unreachable["racing"] ?? {} })) it(check.title, check.run);
});

describe('A6 own machine "everything"', () => {
  const options = { payloads: { CLAIM: [{ amount: 40 }, { amount: 400 }] } };
  for (const check of patternContract(subjects.everything, options)) it(check.title, check.run);
});
