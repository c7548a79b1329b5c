import { stat, realpath } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { agent, reply, send, type Agent, type Outcome, type Turn } from "phasegraph";
import { codeOf, Limits, listFiles } from "../analysis/listing.js";
import { DEFAULT_BATCH, DEFAULT_FINDINGS } from "../defaults.js";
import { tell } from "../progress.js";
import type { Request, ReviewState } from "../state.js";
import { leftOutText, sizeText } from "../words.js";

/** A directory to review, or why there is none. */
export type Root = { readonly ok: true; readonly root: string } | { readonly ok: false; readonly problem: string };

/** Looks whether a path is a directory; links are followed here, and only here. */
export async function findRoot(path: string): Promise<Root> {
  try {
    const root = await realpath(resolve(path));
    return (await stat(root)).isDirectory() ? { ok: true, root } : { ok: false, problem: `${path} is a file; give the directory it is in` };
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") return { ok: false, problem: `there is no directory ${path}` };
    return { ok: false, problem: `${path} cannot be read (${code})` };
  }
}

export const requestFor = (root: string): Request => ({
  root,
  limits: Limits.parse({}),
  batch: DEFAULT_BATCH,
  findings: DEFAULT_FINDINGS,
  except: ["review.md", "review.mmd"],
});

/** Lists the files of the directory and splits them; refuses when there is nothing to review. */
export const planner: Agent<"planner", ReviewState> = agent({
  id: "planner",
  description: "Lists the files and splits the work",
  run: async (turn: Turn<ReviewState>): Promise<Outcome<ReviewState>> => {
    const request = turn.state.request ?? (await requestIn(turn.messages.findLast((message) => message.getType() === "human")?.text ?? ""));
    if (typeof request === "string") return refuse(request);
    const { root, limits, batch, findings, except } = request;
    tell(turn, { kind: "note", text: `lists ${root}` });
    const listing = await listFiles(root, limits, {
      except,
      signal: turn.config.signal,
      onProgress: (entries) => tell(turn, { kind: "note", text: `${entries} names looked at` }),
    }).catch((error: unknown) => {
      turn.config.signal?.throwIfAborted();
      return codeOf(error);
    });
    if (typeof listing === "string") return refuse(`${root} cannot be read (${listing})`);
    const rest = leftOutText(listing.leftOut);
    if (listing.files.length === 0) return refuse(`${root} ${rest === "" ? "is empty" : `has no file to review; left out: ${rest}`}`);
    const plan = { root, ...listing, batch, findings };
    const summary = `${listing.files.length} files, ${sizeText(listing.bytes)}, in batches of ${batch}${rest === "" ? "" : `; left out: ${rest}`}`;
    const reviews = { compiler: null, secrets: null, complexity: null };
    return reply(`${basename(root)}: ${summary}`, { update: { plan, reviews, objections: [] } });
  },
});

const refuse = (problem: string): Outcome<ReviewState> =>
  send({ type: "REFUSE", reason: problem }, { content: `Nothing to review: ${problem}.` });

/** The directory a message names: all of it, or one word of it; the current directory when no word looks like a path. */
async function requestIn(text: string): Promise<Request | string> {
  const words = [text.trim(), ...text.split(/\s+/)].filter((word) => word !== "");
  for (const word of words) {
    const found = await findRoot(word);
    if (found.ok) return requestFor(found.root);
  }
  const path = words.slice(1).find((word) => /^[.~]?\.?\/|\/$/.test(word));
  if (path !== undefined) return `there is no directory ${path}`;
  return requestFor(process.cwd());
}
