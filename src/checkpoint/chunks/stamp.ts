/** A note on an object that only its maker can read. */
export interface Stamp<Note> {
  get(value: object): Note | undefined;
  set(value: object, note: Note): void;
}

/**
 * A `WeakMap` by another means: the note is a private field put on the object, which costs the garbage collector nothing, where thousands
 * of fresh keys of a `WeakMap` take it longer than everything else in a step. Nobody can see it: no key, no symbol, in no copy and no JSON.
 * Objects that take no fields go into a `WeakMap`.
 */
export function stamp<Note>(): Stamp<Note> {
  const sealed = new WeakMap<object, Note>();

  class Given {
    constructor(value: object) {
      return value;
    }
  }

  class Stamped extends Given {
    #note: Note;
    constructor(value: object, note: Note) {
      super(value);
      this.#note = note;
    }
    static get(value: object): Note | undefined {
      return #note in value ? value.#note : undefined;
    }
    static set(value: object, note: Note): boolean {
      if (!(#note in value)) return false;
      value.#note = note;
      return true;
    }
  }

  return {
    get: (value) => Stamped.get(value) ?? sealed.get(value),
    set: (value, note) => {
      if (Stamped.set(value, note)) return;
      if (Object.isExtensible(value)) void new Stamped(value, note);
      else sealed.set(value, note);
    },
  };
}
