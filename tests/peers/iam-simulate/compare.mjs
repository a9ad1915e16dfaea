// node compare.mjs CASES REPORT REPAIRED REPORT-OF-REPAIRED
// Tells how far both agree, and which class explains each disagreement. Ends with 1 if one is unexplained. A class that
// explains nothing is told: other questions may need it, and if none do, it is to be struck. The table of README.md has a
// row for each class, with its rule, and no other.
import { readFileSync } from "node:fs";
import { CLASSES } from "./disagreements.mjs";
import { failures } from "./report.mjs";

const [cases, report, repaired, repairedReport] = process.argv.slice(2);
const names = (file) => readFileSync(file, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line).name);
const total = names(cases).length;
const failed = failures(readFileSync(report, "utf8"));
const stillFailed = failures(readFileSync(repairedReport, "utf8"));

const explained = new Map();
for (const name of names(repaired)) {
  const at = name.lastIndexOf("/");
  const [question, classes] = [name.slice(0, at), name.slice(at + 1)];
  if (!stillFailed.has(name) && !explained.has(question)) explained.set(question, classes);
}

const agreed = total - failed.size;
console.log(`${agreed} of ${total} agree (${((100 * agreed) / total).toFixed(2)} %), ${failed.size} differ\n`);
const counts = new Map();
for (const classes of explained.values()) counts.set(classes, (counts.get(classes) ?? 0) + 1);
for (const [classes, count] of [...counts].sort(([, one], [, other]) => other - one)) {
  const rules = classes.split("+").map((id) => CLASSES.find((it) => it.id === id).rule);
  console.log(`${String(count).padStart(5)}  ${classes} (rule ${rules.join(", ")})`);
}
const unexplained = [...failed].filter(([name]) => !explained.has(name));
unexplained.forEach(([name, what]) => console.log(`unexplained: ${name}, ${what}`));
const used = new Set([...explained.values()].flatMap((classes) => classes.split("+")));
const idle = CLASSES.filter((it) => !used.has(it.id));
idle.forEach((it) => console.log(`explains nothing: ${it.id}`));

const table = readFileSync(new URL("README.md", import.meta.url), "utf8").matchAll(/^\| `([a-z0-9-]+)` \| ([^|]+) \| ([^|]+) \|/gm);
const rows = [...table].map(([, id, rules, ruling]) => `${id}: ${rules}, ${ruling}`).sort();
const expected = CLASSES.map((it) => `${it.id}: ${it.rule}, ${it.ruling}`).sort();
const [idleRows, missingRows] = [rows.filter((row) => !expected.includes(row)), expected.filter((row) => !rows.includes(row))];
idleRows.forEach((row) => console.log(`README.md has a row that is no class: ${row}`));
missingRows.forEach((row) => console.log(`README.md lacks the row of a class: ${row}`));

console.log(`\n${unexplained.length} unexplained`);
process.exitCode = unexplained.length + idleRows.length + missingRows.length > 0 ? 1 : 0;
