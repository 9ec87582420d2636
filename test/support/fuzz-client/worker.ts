/** The Worker of this folder, for `startSite({ add: [fuzzClient] })`. */
export const fuzzClient = { name: "fuzz-client", config: "test/support/fuzz-client/wrangler.toml" } as const;
