import { afterEach, beforeEach, expect } from "vitest";
import { providerIssues } from "../testing/provider-rules.js";
import { ScriptedModel } from "../testing/scripted-model.js";

/** The scripted models that were asked something in this test. */
let asked = new Set<ScriptedModel>();
let exception: string | undefined;

/** This test asks its models what a provider would refuse, and says why. */
export function refusedByProviders(reason: string): void {
  exception = reason;
}

type Own = {
  readonly [Name in "_generate" | "_streamResponseChunks"]: (
    this: ScriptedModel,
    ...given: Parameters<ScriptedModel[Name]>
  ) => ReturnType<ScriptedModel[Name]>;
};
const { _generate: generate, _streamResponseChunks: stream } = ScriptedModel.prototype as Own;
ScriptedModel.prototype._generate = function (...given) {
  asked.add(this);
  return generate.apply(this, given);
};
ScriptedModel.prototype._streamResponseChunks = function (...given) {
  asked.add(this);
  return stream.apply(this, given);
};

/** Whatever a test is about: no provider would have refused what its models were asked. */
export function checkRequests(): void {
  beforeEach(() => {
    asked = new Set();
    exception = undefined;
  });
  afterEach(() => {
    const issues = [...asked].flatMap(({ calls }) => calls.flatMap((request) => providerIssues(request)));
    if (exception === undefined) expect(issues, "a provider would refuse what a model was asked").toEqual([]);
    else expect(issues, `no provider would refuse it, though the test says so: ${exception}`).not.toEqual([]);
  });
}
