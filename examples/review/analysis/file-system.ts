import { open, readdir } from "node:fs/promises";
import type { Dirent } from "node:fs";

/** What listing asks of a file system. */
export interface FileSystem {
  readdir(path: string): Promise<readonly Pick<Dirent, "name" | "isFile" | "isDirectory" | "isSymbolicLink">[]>;
  /** The size of a regular file and its first bytes. */
  head(path: string, bytes: number): Promise<{ readonly size: number; readonly start: Uint8Array }>;
  /** A small text file, or undefined when there is none. */
  text(path: string): Promise<string | undefined>;
}

/** Ignore files beyond this are read so far only. */
const MAX_TEXT = 262_144;

export const nodeFiles: FileSystem = {
  readdir: (path) => readdir(path, { withFileTypes: true }),
  async head(path, bytes) {
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(bytes, Math.max(size, 1))));
      return { size, start: buffer.subarray(0, bytesRead) };
    } finally {
      await file.close();
    }
  },
  async text(path) {
    try {
      return Buffer.from((await this.head(path, MAX_TEXT)).start).toString("utf8");
    } catch {
      return undefined; // no ignore file, or none that can be read
    }
  },
};
