// node repair.mjs CASES REPORT REPAIRED
// For each case that failed according to the report of `iamtree test`: asks the peer the repaired questions of every class
// of disagreements, and of every two, and writes them as a case file. A case is named question/CLASS+CLASS.
import { readFileSync, writeFileSync } from "node:fs";
import { CLASSES, repaired } from "./disagreements.mjs";
import { failures } from "./report.mjs";
import { ask, caseLine } from "./peer.mjs";

const [cases, report, target] = process.argv.slice(2);
const failed = failures(readFileSync(report, "utf8"));

const pairs = CLASSES.flatMap((one, index) => CLASSES.slice(index + 1).map((other) => [one, other]));
const combinations = [...CLASSES.map((one) => [one]), ...pairs];

const lines = [];
for (const line of readFileSync(cases, "utf8").split("\n").filter(Boolean)) {
  const { name, ...question } = JSON.parse(line);
  if (!failed.has(name)) continue;
  for (const classes of combinations) {
    const candidate = repaired(question, classes);
    const asked = candidate && (await ask(candidate));
    if (asked?.answer) lines.push(caseLine(`${name}/${classes.map((it) => it.id).join("+")}`, asked.understood, asked.answer));
  }
}
writeFileSync(target, lines.map((line) => `${line}\n`).join(""));
