/** True for files that the TypeScript compiler reads. */
export const isCode = (file: string): boolean => /\.[cm]?[jt]sx?$/.test(file);

/** True for files that oxlint reads. */
export const isLinted = (file: string): boolean => isCode(file) || /\.(vue|svelte|astro)$/.test(file);
