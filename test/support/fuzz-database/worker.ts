/** The Worker of this folder, for `startSite({ replace: [fuzzDatabase] })`. */
export const fuzzDatabase = { name: "database", config: "test/support/fuzz-database/wrangler.toml" } as const;
