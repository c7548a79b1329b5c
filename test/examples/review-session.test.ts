import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { LLMock, type ChatCompletionRequest } from "@copilotkit/aimock";
import { MemorySaver } from "@langchain/langgraph";
import { describe, expect, it, onTestFinished } from "vitest";
import { requestFor } from "../../examples/review/agents/planner.js";
import { specialists } from "../../examples/review/agents/specialists.js";
import { Limits } from "../../examples/review/analysis/listing.js";
import { EXIT } from "../../examples/review/defaults.js";
import { modelFrom } from "../../examples/review/model.js";
import { review, standingOf } from "../../examples/review/review.js";
import { runSession, threadOf, type SessionOptions } from "../../examples/review/session.js";
import { graph as studio } from "../../graphs/studio/review.js";
import { plant, temporaryFolder, TOKEN } from "../fixtures/review/project.js";

/** Holds a secret that may not turn up anywhere. */
const KEY = ["sk", "test", "0123456789abcdefghij"].join("-");

/** A session in this process; what it prints is kept. */
function session(path: string, some: Partial<SessionOptions> = {}) {
  const folder = temporaryFolder();
  let printed = "";
  const options: SessionOptions = {
    path,
    out: join(folder, "out"),
    thread: undefined,
    fresh: false,
    rounds: 3,
    limits: Limits.parse({}),
    batch: 25,
    findings: 300,
    store: join(folder, "store", "review.sqlite"),
    model: undefined,
    screen: { write: (text) => (printed += text) },
    colours: false,
    signal: new AbortController().signal,
    ...some,
  };
  return {
    options,
    run: async () => ({ code: await runSession(options), printed }),
    report: () => readFileSync(join(options.out ?? ".", "review.md"), "utf8"),
    everything: () =>
      printed +
      [dirname(options.store), options.out ?? "."]
        .flatMap((place) => readdirSync(place).map((file) => readFileSync(join(place, file), "latin1")))
        .join(""),
  };
}

/** Not the compiler's business, which takes a second to start. */
const DOUBTFUL = "<script>\ndebugger;\n</script>\n";
const doubtful = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`f${index}.vue`, DOUBTFUL]));

describe("a review", () => {
  it("of more findings than a first draft lists is sent back; with one round allowed it says that it was not approved", async () => {
    const one = session(plant(doubtful(70)), { rounds: 1 });
    const { code, printed } = await one.run();
    expect(code).toBe(EXIT.incomplete);
    expect(printed).toContain("NOT APPROVED: round 1 was the last one allowed");
    expect(one.report()).toMatch(/\*\*Not approved\*\* after round 1.*10 error or warnings not in the report/);
    const two = session(one.options.path, { rounds: 2 });
    expect((await two.run()).code).toBe(EXIT.done);
    expect(two.report()).toContain("Approved in round 2");
  });

  it("keeps to its limits and says what was left out", async () => {
    const small = session(plant(doubtful(5)), { limits: Limits.parse({ files: 2 }), findings: 1 });
    const { code, printed } = await small.run();
    expect(code).toBe(EXIT.done);
    expect(printed).toContain("left out: 3 beyond the limit of 2 files");
    expect(printed).toContain("2 files reviewed: 2 warnings");
    expect(small.report()).toContain("beyond the limit of 2 files");
    expect(small.report()).toContain("Not listed one by one: 1 warning.");
  });

  it("on a terminal keeps one line that shows who is at work, and cuts it to the width", async () => {
    const written: string[] = [];
    const screen = { isTTY: true, columns: 30, write: (text: string) => written.push(text) };
    expect(await runSession({ ...session(plant(doubtful(60)), { batch: 10 }).options, screen })).toBe(EXIT.done);
    const drawn = written.filter((text) => text.startsWith("\r\u001b[2K") && text.length > 5);
    expect(drawn.some((text) => text.includes("complexity"))).toBe(true);
    expect(drawn.every((text) => text.length <= 5 + 29)).toBe(true);
    expect(written.join("")).not.toContain("batch 1 of 6");
    expect(written.at(-1)).toMatch(/picture .*review\.mmd\n$/);
  });

  it("does not take over the thread of another directory", async () => {
    const first = session(plant(doubtful(1)), { thread: "mine" });
    expect((await first.run()).code).toBe(EXIT.done);
    const { code, printed } = await session(plant(doubtful(2)), { thread: "mine", store: first.options.store }).run();
    expect(code).toBe(EXIT.problem);
    expect(printed).toContain(`thread mine reviews ${first.options.path}`);
  });

  it("cannot keep its checkpoints in a file that is no database, or in no folder, and says so", async () => {
    const one = session(plant(doubtful(1)));
    mkdirSync(dirname(one.options.store));
    writeFileSync(one.options.store, "This is a text, and quite long enough not to be taken for an empty database.".repeat(20));
    expect(await one.run()).toEqual({ code: EXIT.problem, printed: expect.stringContaining("--store") as string });
    const two = session(one.options.path, { store: join(one.options.store, "below-a-file") });
    expect(await two.run()).toEqual({ code: EXIT.problem, printed: expect.stringContaining("--store") as string });
  });

  it("has a thread that depends on the whole path and is safe to type", () => {
    expect(threadOf("/a/my project's")).toMatch(/^review-my_project_s-[0-9a-f]{8}$/);
    expect(threadOf("/a/x")).not.toBe(threadOf("/b/x"));
    expect(threadOf("/")).toMatch(/^review-root-/);
  });

  it("goes on without a reviewer that fails, and the report names it", async () => {
    const broken = { ...specialists.complexity, open: () => ({ analyse: () => Promise.reject(new Error("no oxlint here")) }) };
    const graph = review({ specialists: { ...specialists, complexity: broken } }).compile({ checkpointer: new MemorySaver() });
    const root = plant({ "a.ts": `export const a: number = "${TOKEN}";\n` });
    const state = await graph.invoke(
      { messages: [{ role: "user", content: "Go." }], request: requestFor(root) },
      { configurable: { thread_id: "1" } },
    );
    expect(standingOf(state.control)).toBe("approved");
    expect(state.results["complexity"]).toMatchObject({ status: "failed", error: { message: "no oxlint here" } });
    expect(state.messages.map((message) => message.text).join("\n")).toContain("- **Failed:** complexity: no oxlint here");
    expect(state.reviews["compiler"]?.found.error).toBe(1);
    expect(JSON.stringify(state)).not.toContain(TOKEN);
  });
});

describe("the review in Studio", () => {
  it("takes the directory from the message, begins anew with each, and refuses what is not there", async () => {
    const graph = studio.compile({ checkpointer: new MemorySaver() });
    const config = { configurable: { thread_id: "1" } };
    const say = (content: string) => graph.invoke({ messages: [{ role: "user", content }] }, config);
    const first = await say(`Please review ${plant({ "a.vue": DOUBTFUL })}`);
    expect(standingOf(first.control)).toBe("approved");
    expect(first.results["editor"]?.content).toContain("`a.vue:2:1`");
    const second = await say(plant({ "b.txt": "" }));
    expect(second.results["editor"]?.content).toContain("None.");
    const third = await say("Review /no/such/place");
    expect(standingOf(third.control)).toBe("refused");
    expect(third.messages.at(-1)?.text).toBe("Nothing to review: there is no directory /no/such/place.");
  });

  it("is drawn without unreachable phases or dead ends", () => {
    expect(studio.verify()).toMatchObject({ ok: true });
  });
});

type Finding = { readonly id: string };
const dataOf = (request: ChatCompletionRequest): { findings?: Finding[]; objections?: string[] } | Finding[] =>
  JSON.parse(String(request.messages.findLast((message) => message.role === "user")?.content)) as { findings: Finding[] } | Finding[];
const respond = (value: unknown) => ({ toolCalls: [{ name: "respond", arguments: JSON.stringify(value) }] });
const judges = (request: ChatCompletionRequest) =>
  respond({
    judgements: (dataOf(request) as Finding[]).map(({ id }) => ({
      id,
      verdict: "doubtful",
      explanation: `Seen. \n## Counts of ${KEY.slice(0, 7)}`,
    })),
  });

/** An OpenAI-compatible server on this machine, and the model behind it. */
async function server(edit: (data: { findings: Finding[]; objections: string[] }) => unknown) {
  const mock = new LLMock({ port: 0 });
  mock.on({ systemMessage: "You review" }, judges);
  mock.on({ systemMessage: "You edit" }, (request) => respond(edit(dataOf(request) as { findings: Finding[]; objections: string[] })));
  const url = await mock.start();
  onTestFinished(() => mock.stop());
  const model = modelFrom({ OPENAI_API_KEY: KEY, OPENAI_BASE_URL: `${url}/v1`, OPENAI_MODEL: "test-model" });
  if (model === undefined) throw new Error("There is a key, and so a model.");
  return { mock, model };
}

const all = (findings: readonly Finding[]) => findings.map(({ id }) => ({ id, comment: "Look here." }));
const FILES = { "a.ts": `export const a: number = "${TOKEN}";\n`, "b.vue": DOUBTFUL };
const CHEAP = { "a.txt": TOKEN, "b.vue": DOUBTFUL };

describe("a review with a model", () => {
  it("explains with the model and is written by it; no key and no secret leaves, and nothing found is lost", async () => {
    const { mock, model } = await server(({ findings }) => ({ summary: "Two errors matter.", findings: all(findings) }));
    const one = session(plant(FILES), { model });
    const { code, printed } = await one.run();
    expect(code, printed).toBe(EXIT.done);
    expect(printed).toContain("the model test-model");
    const report = one.report();
    expect(report).toContain("> Two errors matter.");
    expect(report).toContain("explained by the model test-model");
    expect(report).toContain("   > The model doubts this finding. Seen. \\#\\# Counts of sk-test");
    expect(report).toContain("   > Look here.");
    expect(report).toContain("Approved in round 1");
    expect(one.everything()).not.toContain(KEY);
    expect(one.everything()).not.toContain(TOKEN);
    const sent = mock.getRequests().map((entry) => JSON.stringify(entry.body));
    expect(sent.length).toBe(4); // three reviewers, one editor
    expect(sent.join("\n")).not.toContain(TOKEN);
    expect(sent.join("\n")).toContain("export const a: number");
  });

  it("is sent back when the model leaves a finding out or makes one up, and approved when it mends that", async () => {
    const drafts: string[][] = [];
    const { model } = await server(({ findings, objections }) => {
      drafts.push(objections);
      const invented = { id: "secrets-0000000000", comment: "Believe me." };
      return { summary: "", findings: objections.length === 0 ? [...all(findings).slice(1), invented] : all(findings) };
    });
    const one = session(plant(CHEAP), { model });
    const { code, printed } = await one.run();
    expect(code, printed).toBe(EXIT.done);
    expect(printed).toMatch(/Sent back: 1 error or warning not in the report: .*; no analyser found secrets-0000000000/);
    expect(drafts.map((objections) => objections.length)).toEqual([0, 2]);
    expect(one.report()).not.toContain("secrets-0000000000");
  });

  it("asks the model nothing twice when it was stopped and goes on", async () => {
    const stop = new AbortController();
    const { mock, model } = await server(({ findings }) => {
      stop.abort();
      return { summary: "Done.", findings: all(findings) };
    });
    const one = session(plant(CHEAP), { model, signal: stop.signal });
    const stopped = await one.run();
    expect(stopped.code).toBe(EXIT.stopped);
    expect(stopped.printed).toContain("go on with: npm run demo --");
    const asked = (prompt: string) => mock.getRequests().filter((entry) => JSON.stringify(entry.body).includes(prompt)).length;
    expect([asked("You review"), asked("You edit")]).toEqual([2, 1]);
    const { code, printed } = await session(one.options.path, { model, store: one.options.store }).run();
    expect(code, printed).toBe(EXIT.done);
    expect(printed).toMatch(/resumed where it stopped; done before: .*secrets.*; goes on with editor/);
    expect([asked("You review"), asked("You edit")]).toEqual([2, 2]);
  });

  it("ends unapproved at the limit when the model insists, and the report warns of it", async () => {
    const { model } = await server(({ findings }) => ({ summary: "There are 99 errors.", findings: all(findings) }));
    const one = session(plant(CHEAP), { model, rounds: 2 });
    expect((await one.run()).code).toBe(EXIT.incomplete);
    expect(one.report()).toContain("the summary says 99 errors, which is not so");
  });

  it("loses the model's words, not its findings, when the server refuses; a key it quotes is not repeated", async () => {
    const { mock, model } = await server(() => ({}));
    mock.clearFixtures();
    mock.on({ systemMessage: "You" }, { error: { message: `Incorrect key ${KEY} given`, type: "invalid_request_error" }, status: 401 });
    const one = session(plant(CHEAP), { model });
    const { code, printed } = await one.run();
    expect(code, printed).toBe(EXIT.done);
    expect(printed).toMatch(/not judged by test-model: .*Incorrect key \[key\] given/);
    expect(one.report()).toContain("**Not written by the model:**");
    expect(one.report()).toContain("written by a plain function");
    expect(one.report()).toContain("`b.vue:2:1`");
    expect(one.everything()).not.toContain(KEY);
  });

  it("needs a key that is not empty", () => {
    expect(modelFrom({})).toBeUndefined();
    expect(modelFrom({ OPENAI_API_KEY: " " })).toBeUndefined();
    expect(modelFrom({ OPENAI_API_KEY: KEY })?.name).toBe("gpt-5-mini");
    expect(JSON.stringify(modelFrom({ OPENAI_API_KEY: KEY }))).not.toContain(KEY);
  });
});
