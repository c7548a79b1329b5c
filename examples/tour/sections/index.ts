import type { SectionOf } from "../section.js";
import { loopSection } from "./loop.js";
import { mapReduceSection } from "./map-reduce.js";
import { parallelSection } from "./parallel.js";
import { pipelineSection } from "./pipeline.js";
import { sequentialSection } from "./sequential.js";
import { swarmSection } from "./swarm.js";

/** The patterns by name, in the order in which the tour shows them. */
export const SECTIONS: Readonly<Record<string, SectionOf>> = {
  sequential: sequentialSection,
  parallel: parallelSection,
  pipeline: pipelineSection,
  swarm: swarmSection,
  loop: loopSection,
  mapReduce: mapReduceSection,
};
