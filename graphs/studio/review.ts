import { modelFrom } from "../../examples/review/model.js";
import { review } from "../../examples/review/review.js";

/** Give it the path of a directory (default: where the server was started): three reviewers look at its files, an editor writes the report. */
export const graph = review({ model: modelFrom(process.env) });
