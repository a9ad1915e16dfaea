// What `iamtree test` printed: the names of the cases that failed, with what was expected and what came.
export function failures(report) {
  const failed = new Map();
  for (const block of report.split(/^FAIL /m).slice(1)) {
    const name = block.split(/\s/, 1)[0];
    const field = (word) => block.match(new RegExp(`^ +${word} +(.*)$`, "m"))?.[1];
    failed.set(name, `peer ${field("expected")}, iamtree ${field("got")}`);
  }
  return failed;
}
