import type { Manifest } from "../../../shared/http/static-file.ts";

/** The module `#assets`, which `scripts/assets.ts` writes: what there is in the folder `public`. */
declare const manifest: Manifest;
export default manifest;
