// node extract.mjs PACKAGE DOCUMENTS latest|all
// Writes the policy documents of the package to DOCUMENTS, one file each: NAME.json, or NAME.VERSION.json for all versions.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [source, target, versions] = process.argv.slice(2);
const policies = JSON.parse(readFileSync(join(source, "dist", "managedPolicies.json"), "utf8"));

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });

for (const [name, policy] of Object.entries(policies)) {
  if (!/^[\w+=,.@-]+$/.test(name)) {
    throw new Error(`unexpected policy name ${JSON.stringify(name)}`);
  }
  const wanted = versions === "all" ? Object.keys(policy.versions) : [policy.latestVersionId];
  for (const version of wanted) {
    const entry = policy.versions[version];
    if (entry?.document === undefined) {
      throw new Error(`${name} has no document for version ${version}`);
    }
    const file = versions === "all" ? `${name}.${version}.json` : `${name}.json`;
    writeFileSync(join(target, file), JSON.stringify(entry.document, null, 2) + "\n");
  }
}
