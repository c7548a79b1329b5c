import { Embeddings } from "@langchain/core/embeddings";

/** Words as directions: two texts are as near as the words they share. The same text always gives the same vector, in every process. */
export class WordEmbeddings extends Embeddings {
  calls = 0;
  constructor(readonly dims = 64) {
    super({});
  }

  override async embedDocuments(documents: string[]): Promise<number[][]> {
    this.calls += 1;
    return documents.map((text) => this.vector(text));
  }

  override async embedQuery(document: string): Promise<number[]> {
    return this.vector(document);
  }

  private vector(text: string): number[] {
    const vector = Array.from({ length: this.dims }, () => 0);
    for (const word of text.toLowerCase().match(/[a-z]+/g) ?? []) {
      let hash = 7;
      for (const letter of word) hash = (Math.imul(hash, 31) + letter.charCodeAt(0)) >>> 0;
      const at = hash % this.dims;
      vector[at] = (vector[at] ?? 0) + 1;
    }
    return vector;
  }
}
