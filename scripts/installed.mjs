// Loaded before every script (`node --import`), in plain JavaScript: without the packages the machine's own Node runs
// it, which may be too old for TypeScript and would say so in words that nobody connects with a missing `npm ci`.
import { existsSync } from "node:fs";

if (!existsSync(new URL("../node_modules/node", import.meta.url))) {
  console.error("The packages are not installed. Run `npm ci` first.");
  process.exit(1);
}
if (Number.parseInt(process.versions.node, 10) < 24) {
  console.error(
    `This is Node ${process.versions.node}, and Trefoil runs on the Node 24 that \`npm ci\` installs. ` +
      "Use the npm scripts (`npm start`, `npm test`), which find it; if one of them says this, run `npm ci` again.",
  );
  process.exit(1);
}
