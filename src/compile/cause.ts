const isAbort = (error: unknown): boolean => error instanceof Error && error.name === "AbortError";

/**
 * What failed. When one phase fails, LangGraph stops those beside it and throws a collection in which the cause stands among the
 * aborts it led to, under a message that names neither.
 */
export function causeOf(error: unknown): unknown {
  if (!(error instanceof AggregateError)) return error;
  const causes = (error.errors as unknown[]).filter((one) => !isAbort(one));
  return causes.length === 1 ? causes[0] : error;
}
