/** True when whatever the second descriptor accepts is accepted by the first: equal, `"*"`, or `"a.*"` for `a`, `a.b` and `a.b.*`. */
export function covers(descriptor: string, other: string): boolean {
  if (descriptor === other || descriptor === "*") return true;
  if (!descriptor.endsWith(".*")) return false;
  return other === descriptor.slice(0, -2) || other.startsWith(descriptor.slice(0, -1));
}

/** True for `"*"` and `"a.*"`: they stand for many event types. */
export const isPattern = (descriptor: string): boolean => descriptor === "*" || descriptor.endsWith(".*");
