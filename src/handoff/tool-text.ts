import { callIdFor } from "./own-words.js";

/** What every provider takes of a tool's description and of its name, in characters. */
export const MAX_DESCRIPTION = 1_024;
const MAX_NAME = 64;

/** A tool's name made of an id; a long one is shortened, always to the same, and no two to one. */
export function toolNameFor(prefix: string, id: string): string {
  const whole = `${prefix}${id}`;
  if (whole.length <= MAX_NAME) return whole;
  const digest = callIdFor(id);
  return `${whole.slice(0, MAX_NAME - digest.length - 1)}_${digest}`;
}

/** One of those a tool's description lists. */
export interface Listed {
  readonly name: string;
  readonly description: string | undefined;
}

/**
 * A tool's description with a list in it. What is too long is shortened fairly: the longest descriptions first, until all fit;
 * where not even the names do, the list is left out, because the tool's schema names them too.
 */
export function toolDescription(head: string, listed: readonly Listed[], separator: string): string {
  const lineOf = ({ name, description }: Listed, limit: number): string => {
    if (description === undefined || limit < 8) return name;
    return `${name}: ${description.length <= limit ? description : `${description.slice(0, limit - 1)}…`}`;
  };
  const textFor = (limit: number): string => `${head}${listed.map((one) => lineOf(one, limit)).join(separator)}`;
  const whole = textFor(Infinity);
  if (whole.length <= MAX_DESCRIPTION) return whole;
  let [fits, tooMany] = [0, MAX_DESCRIPTION];
  while (tooMany - fits > 1) {
    const middle = (fits + tooMany) >> 1;
    if (textFor(middle).length <= MAX_DESCRIPTION) fits = middle;
    else tooMany = middle;
  }
  const shortened = textFor(fits);
  return shortened.length <= MAX_DESCRIPTION ? shortened : `${head}see the tool's schema.`.slice(0, MAX_DESCRIPTION);
}
