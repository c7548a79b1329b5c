import { isPlainObject } from "../base/json.js";

type Part = Readonly<Record<string, unknown>>;

/** Parts that say nothing to anybody but the page that shows them. */
const SILENT: ReadonlySet<string> = new Set(["step-start", "reasoning"]);

/**
 * A message of a page, as the AI SDK's `useChat` sends it (`{ id, role, parts }`), with `content` instead of its parts: texts and
 * files. Anything else as it is.
 * @throws TypeError for parts that a conversation cannot hold, before anything is written.
 */
export function withContent(given: unknown): unknown {
  if (!isPlainObject(given) || given["content"] !== undefined || !Array.isArray(given["parts"])) return given;
  const { parts, metadata: _metadata, ...rest } = given;
  const blocks = (parts as readonly unknown[]).flatMap(blockOf);
  const isText = blocks.every(({ type }) => type === "text");
  return { ...rest, content: isText ? blocks.map(({ text }) => String(text)).join("\n") : blocks };
}

function blockOf(part: unknown): Part[] {
  const { type, text, url, mediaType, filename } = isPlainObject(part) ? part : {};
  if (SILENT.has(String(type)) || String(type).startsWith("data-")) return [];
  if (type === "text" && typeof text === "string") return [{ type, text }];
  if (type === "file" && typeof url === "string" && typeof mediaType === "string") return [fileOf(url, mediaType, filename)];
  throw new TypeError(`a part of the type "${String(type)}" cannot be kept; send texts and files ({ type: "file", mediaType, url })`);
}

/** In the words of LangChain, which its packages translate for each provider. */
function fileOf(url: string, mediaType: string, filename: unknown): Part {
  if (mediaType.startsWith("image/")) return { type: "image_url", image_url: { url } };
  const name = typeof filename === "string" ? { metadata: { filename } } : {};
  const data = /^data:[^,]{0,200};base64,/.exec(url);
  return data === null
    ? { type: "file", source_type: "url", mime_type: mediaType, url, ...name }
    : { type: "file", source_type: "base64", mime_type: mediaType, data: url.slice(data[0].length), ...name };
}
