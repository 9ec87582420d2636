/** What the application is given with each request. A binding that your application adds to the origins' configurations is named here too. */
export interface AppEnv {
  readonly Bindings: {
    /** The server that runs this: `a`, `b` or `c`. */
    readonly SERVER: string;
    /** The database as this visitor sees it: D1's interface, reads at the level of the request, never behind what he wrote. */
    readonly DB: D1Database;
    /** The time by this server's clock when the request came, in milliseconds since 1970; the fault `clock` shifts it. */
    readonly NOW_MS: number;
  };
}
