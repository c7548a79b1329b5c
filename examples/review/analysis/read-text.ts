import { readFile } from "node:fs/promises";

/** A file's text: UTF-16 and UTF-8 by their mark, else UTF-8, and where that does not fit Latin-1, which reads anything. */
export async function readText(path: string): Promise<string> {
  return decode(await readFile(path));
}

export function decode(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("latin1").decode(bytes);
  }
}
