import { SqliteStore } from "../../src/sqlite/index.js";

// puts so many items beside other processes that do the same, and writes over one item that all write over
const [file = "", name = "", count = ""] = process.argv.slice(2);
const store = new SqliteStore(file, { busyTimeout: 20_000 });
for (let index = 0; index < Number(count); index += 1) {
  const key = `${name}-${index}`;
  await store.batch([
    { namespace: ["shared"], key, value: { text: `said by ${key}` } },
    { namespace: ["contested"], key: "k", value: { by: name } },
  ]);
  if ((await store.get(["shared"], key)) === null) throw new Error(`${key} is lost`);
}
store.close();
