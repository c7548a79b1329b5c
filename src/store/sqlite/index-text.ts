import type { PutOperation } from "@langchain/langgraph-checkpoint";
import { InvalidRequestError } from "../../base/errors.js";
import { shownError } from "../../base/shown-error.js";
import { encodeNamespace } from "../namespace.js";
import type { StorePutOptions } from "../operation.js";
import { textsAt, WHOLE, wordsOf } from "../texts.js";
import type { NewItem } from "./tables.js";
import { vectorBytes, type VectorIndex } from "./vectors.js";

/** What a store looks into when an item is put. */
export interface Indexing {
  readonly vectors: VectorIndex | undefined;
  /** Field paths of full-text search; false for none. */
  readonly text: readonly string[] | false;
  /** Milliseconds that items live unless their put says otherwise; null for ever. */
  readonly ttl: number | null;
}

/** Items to write, with the vectors that their texts were given. Texts that occur twice are embedded once. */
export async function newItems(puts: readonly (PutOperation & StorePutOptions)[], indexing: Indexing): Promise<NewItem[]> {
  const fields = puts.map((put) => (indexing.vectors === undefined ? [] : fieldTexts(put, indexing.vectors.fields ?? [WHOLE])));
  const texts = [...new Set(fields.flat().map(({ text }) => text))];
  const vectors = texts.length === 0 ? [] : await indexing.vectors?.embeddings.embedDocuments(texts);
  const byText = new Map(texts.map((text, index) => [text, vectors?.[index]]));
  return puts.map((put, index) => ({
    namespace: encodeNamespace(put.namespace),
    key: put.key,
    value: jsonOf(put.value),
    ttl: put.ttl === undefined ? indexing.ttl : put.ttl,
    text: indexing.text === false ? undefined : searchText(put, indexing.text),
    vectors: (fields[index] ?? []).map(({ field, text }) => ({ field, bytes: vectorBytes(byText.get(text), indexing.vectors?.dims ?? 0) })),
  }));
}

function fieldTexts({ value, index }: PutOperation, defaults: readonly string[]): { readonly field: string; readonly text: string }[] {
  if (index === false) return [];
  const paths = [...new Set(index ?? defaults)];
  return paths.flatMap((path) => textsAt(value, path).map((text, position) => ({ field: `${path}.${position}`, text })));
}

function searchText({ value, index }: PutOperation, defaults: readonly string[]): string | undefined {
  if (index === false) return undefined;
  return (index ?? defaults).flatMap((path) => (path === WHOLE ? wordsOf(value) : textsAt(value, path))).join("\n");
}

function jsonOf(value: PutOperation["value"]): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    const problem = `the value cannot be written as JSON (${shownError(error).message})`;
    throw new InvalidRequestError("put", problem, "plain JSON, without circles and bigints");
  }
}
