import { InMemoryStore } from "@langchain/langgraph-checkpoint";
import { SqliteStore } from "../../src/sqlite/index.js";
import { storeContract } from "./contract.js";

storeContract({
  name: "InMemoryStore",
  open: (index) => new InMemoryStore(index === undefined ? {} : { index }),
  knowsLabels: false,
});
storeContract({
  name: "SqliteStore",
  open: (index) => new SqliteStore(":memory:", index === undefined ? {} : { index }),
  knowsLabels: true,
});
