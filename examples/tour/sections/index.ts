import type { SectionOf } from "../section.js";
import { consensusSection } from "./consensus.js";
import { hierarchicalSection } from "./hierarchical.js";
import { loopSection } from "./loop.js";
import { magenticSection } from "./magentic.js";
import { mapReduceSection } from "./map-reduce.js";
import { orchestratorWorkerSection } from "./orchestrator-worker.js";
import { parallelSection } from "./parallel.js";
import { pipelineSection } from "./pipeline.js";
import { routerSection } from "./router.js";
import { sequentialSection } from "./sequential.js";
import { supervisorSection } from "./supervisor.js";
import { swarmSection } from "./swarm.js";

/** The patterns by name, in the order in which the tour shows them. */
export const SECTIONS: Readonly<Record<string, SectionOf>> = {
  sequential: sequentialSection,
  parallel: parallelSection,
  pipeline: pipelineSection,
  swarm: swarmSection,
  loop: loopSection,
  mapReduce: mapReduceSection,
  hierarchical: hierarchicalSection,
  consensus: consensusSection,
  router: routerSection,
  supervisor: supervisorSection,
  orchestratorWorker: orchestratorWorkerSection,
  magentic: magenticSection,
};
