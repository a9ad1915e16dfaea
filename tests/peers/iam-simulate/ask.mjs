// node ask.mjs CASES SEED COUNT
// Asks the peer COUNT generated questions and writes them as a case file. A question that the peer refuses to be asked is
// none; the next one takes its place, and how many there were is told.
import { writeFileSync } from "node:fs";
import { questions } from "./generate.mjs";
import { ask, caseLine } from "./peer.mjs";

const [target, seed, count] = process.argv.slice(2);

const lines = [];
const answers = {};
const refused = {};
for (const question of questions(Number(seed))) {
  const asked = await ask(question);
  if (asked.refused) {
    refused[asked.refused] = (refused[asked.refused] ?? 0) + 1;
    continue;
  }
  answers[asked.answer] = (answers[asked.answer] ?? 0) + 1;
  lines.push(caseLine(`question/${lines.length}`, asked.understood, asked.answer));
  if (lines.length === Number(count)) break;
}
writeFileSync(target, lines.join("\n") + "\n");
console.log(`${lines.length} questions (seed ${seed}), answered by the peer: ${JSON.stringify(answers)}; refused by it: ${JSON.stringify(refused)}`);
