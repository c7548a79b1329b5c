import { createRequire } from "node:module";
import type { EmbeddingsInterface } from "@langchain/core/embeddings";
import type * as SqliteVec from "sqlite-vec";
import { InvalidRequestError } from "../../base/errors.js";
import { shownError } from "../../base/shown-error.js";
import type { Connection } from "../../database/sqlite.js";

/** How a store finds items by meaning. Needs the package `sqlite-vec`. */
export interface VectorIndex {
  /** Length of the vectors. A file keeps to one length. */
  readonly dims: number;
  readonly embeddings: EmbeddingsInterface;
  /** Field paths that are embedded, as in `"chapters[*].content"`; default `["$"]`, the whole value as JSON. */
  readonly fields?: readonly string[];
}

/** Loads `sqlite-vec` into the connection, and holds the file to one length of vectors. @throws InvalidRequestError */
export function prepareVectors(connection: Connection, { dims }: VectorIndex): void {
  if (!Number.isInteger(dims) || dims < 1) throw new InvalidRequestError("index.dims", `it is ${dims}`, "a whole number from 1 up");
  loadExtension(connection);
  connection.prepare("INSERT INTO store_setting VALUES ('dims', ?) ON CONFLICT DO NOTHING").run(String(dims));
  const stored = connection.prepare<[], string>("SELECT value FROM store_setting WHERE name = 'dims'").pluck().get();
  if (stored !== String(dims))
    throw new InvalidRequestError("index.dims", `it is ${dims}, and the file holds vectors of ${stored}`, stored ?? "a number");
}

function loadExtension(connection: Connection): void {
  try {
    // required here and not imported: who does not search by meaning does not need the package
    const extension = createRequire(import.meta.url)("sqlite-vec") as typeof SqliteVec; // its declared shape
    extension.load(connection);
  } catch (error) {
    const problem = `vector search needs the package sqlite-vec, which cannot be loaded (${shownError(error).message})`;
    throw new InvalidRequestError("SqliteStore", problem, "npm install sqlite-vec, or a store without index");
  }
}

/** A vector as the file holds it. @throws InvalidRequestError when it is not as long as the index says. */
export function vectorBytes(vector: readonly number[] | undefined, dims: number): Uint8Array {
  if (vector?.length !== dims)
    throw new InvalidRequestError(
      "index.embeddings",
      `a vector of ${vector?.length ?? 0} numbers was given`,
      `vectors of ${dims}, as index.dims says`,
    );
  return new Uint8Array(Float32Array.from(vector).buffer);
}
