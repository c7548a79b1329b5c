import type { GetOperation, ListNamespacesOperation, Operation, PutOperation, SearchOperation } from "@langchain/langgraph-checkpoint";
import { InvalidRequestError } from "../base/errors.js";
import { isPlainObject } from "../base/json.js";

/** How items are put in order for a query: by meaning, by words, or by both joined with reciprocal rank fusion. */
export type Ranking = "hybrid" | "vector" | "text";

/** What a get may ask beyond LangGraph's. */
export interface StoreGetOptions {
  /** Whether reading begins the item's time to live anew; default as the store is set. */
  readonly refreshTtl?: boolean;
}

/** What a search may ask beyond LangGraph's. */
export interface StoreSearchOptions extends StoreGetOptions {
  /** Default `"hybrid"` with a vector index, else `"text"`. */
  readonly ranking?: Ranking;
}

/** What a put may ask beyond LangGraph's. */
export interface StorePutOptions {
  /** Milliseconds to live; null for ever. Default as the store is set. */
  readonly ttl?: number | null;
}

/** An operation of a batch, told apart. */
export type Told =
  | { readonly kind: "get"; readonly operation: GetOperation & StoreGetOptions }
  | { readonly kind: "search"; readonly operation: SearchOperation & StoreSearchOptions }
  | { readonly kind: "put"; readonly operation: PutOperation & StorePutOptions }
  | { readonly kind: "list"; readonly operation: ListNamespacesOperation };

/** Says what an operation is, as `InMemoryStore` does, and checks its numbers and values. @throws InvalidRequestError */
export function told(operation: Operation): Told {
  if ("namespacePrefix" in operation) {
    for (const name of ["limit", "offset"] as const) checkCount(`search.${name}`, operation[name]);
    return { kind: "search", operation };
  }
  if ("value" in operation) return { kind: "put", operation: checkedPut(operation) };
  if ("key" in operation) return { kind: "get", operation };
  for (const name of ["limit", "offset", "maxDepth"] as const) checkCount(`listNamespaces.${name}`, operation[name]);
  return { kind: "list", operation };
}

function checkedPut(operation: PutOperation & StorePutOptions): PutOperation & StorePutOptions {
  const { key, value, ttl, namespace } = operation;
  if (typeof key !== "string") throw new InvalidRequestError("put", `the key is of type ${typeof key}`, "a string");
  if (namespace.length === 0) throw new InvalidRequestError("put", "the namespace is empty", "a namespace of one label or more");
  if (value !== null && !isPlainObject(value))
    throw new InvalidRequestError("put", "the value is no object", "an object of JSON, or null to delete");
  if (ttl !== undefined && ttl !== null && !(Number.isFinite(ttl) && ttl > 0))
    throw new InvalidRequestError("put", `the time to live is ${ttl}`, "milliseconds above 0, or null for ever");
  return operation;
}

function checkCount(name: string, count: number | undefined): void {
  if (count !== undefined && !(Number.isInteger(count) && count >= 0))
    throw new InvalidRequestError(name, `it is ${count}`, "a whole number from 0 up");
}
