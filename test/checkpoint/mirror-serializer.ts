import { MemorySaver } from "@langchain/langgraph";
import type { SerializerProtocol } from "@langchain/langgraph-checkpoint";

/** Stands for a serializer that encrypts: LangGraph's, with every byte flipped. */
export function mirrorSerializer(): SerializerProtocol {
  const { serde } = new MemorySaver();
  const flip = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ 0xff);
  return {
    dumpsTyped: async (value) => {
      const [type, bytes] = await serde.dumpsTyped(value);
      return [`mirror+${type}`, flip(bytes)];
    },
    loadsTyped: async (type, data) => {
      if (typeof data === "string") throw new TypeError("bytes were written, so bytes are expected");
      return (await serde.loadsTyped(type.replace("mirror+", ""), flip(new Uint8Array(data)))) as unknown;
    },
  };
}
