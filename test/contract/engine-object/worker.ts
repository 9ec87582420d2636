/** The Worker of this folder. */
export const engineObject = { name: "engine-object", config: "test/contract/engine-object/wrangler.toml" } as const;
