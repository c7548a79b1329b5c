import { BLOCK, contender, TURNS } from "./conversation.js";

// a whole conversation on our saver in a new process; prints what was measured
const [file] = process.argv.slice(2);
if (file === undefined) throw new RangeError("usage: saver-talk.ts FILE");
const { talk, saver, conversation } = await contender("ours", file);
for (let block = 0; block < TURNS / BLOCK; block += 1) await talk();
saver.close();
process.stdout.write(JSON.stringify(conversation));
