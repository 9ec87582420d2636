import type Control from "../control/index.ts";

/** The bindings of the front, beside those of the servers, whose names stand in the site configuration. */
export interface FrontEnv {
  /** The secret that opens everything under `/_trefoil/`. Without it nothing gets in. */
  readonly ADMIN_TOKEN?: string;
  /** `on` in development and tests. */
  readonly FAULTS: string;
  readonly CONTROL: Service<typeof Control>;
}
