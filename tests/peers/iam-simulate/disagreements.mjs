// Where iamtree and the peer differ, and why. Each class names the rule that we follow, what the peer does instead, and
// the ruling in the specification ("E: D3" is row D3 of section 13 of evaluation.md, "L: D7" of section 10 of
// language.md). `repair` takes what the class is about out of a question and returns whether there was anything to take;
// a disagreement belongs to the class if both sides agree on the repaired question. So a class cannot explain a
// disagreement that has another cause.

export const CLASSES = [
  {
    id: "session-policy-beside-a-direct-grant",
    rule: "E22",
    ruling: "E: D1",
    ours: "a resource policy that names the caller itself or everyone allows within the account, however silent the session policy",
    peer: "the session policy must allow",
    // A session policy without its denies cannot but be silent or allow: with all allowed, it is silent no more.
    repair: ({ policies }) => {
      if (!policies.session) return false;
      policies.session = [{ Version: "2012-10-17", Statement: [ALLOW_ALL, ...list(policies.session[0].Statement).filter((it) => it.Effect === "Deny")] }];
      return true;
    },
  },
  {
    id: "not-principal-needs-the-chain",
    rule: "E53",
    ruling: "E: D3",
    ours: "a Deny with NotPrincipal spares a caller only if account, role and session are all listed",
    peer: "any entry that names the caller, its role or its account spares it",
    repair: ({ policies }) => edit(policies, ["resource"], (statement) => (statement.NotPrincipal ? null : statement)),
  },
  {
    id: "root-user",
    rule: "E25, E31, E33",
    ruling: "E: D6",
    ours: "the root user may do everything in its account, and needs only the owner's grant elsewhere; it assumes no role (E33)",
    peer: "an ordinary principal, denied without policies",
    repair: ({ request }) => {
      if (!rename(request, ":root", ":user/nobody")) return false;
      const { "aws:userid": id, ...context } = request.context;
      request.context = { ...context, "aws:PrincipalArn": request.principal, "aws:PrincipalType": "User", "aws:username": "nobody" };
      return true;
    },
  },
  {
    id: "federated-user-without-session-policy",
    rule: "E20",
    ruling: "E: D7",
    ours: "a federated user without session policies has only what a resource policy grants it",
    peer: "no limit",
    repair: ({ policies, request }) => {
      if (policies.session || !request.principal.includes(":federated-user/")) return false;
      policies.session = [{ Version: "2012-10-17", Statement: [ALLOW_ALL] }];
      return true;
    },
  },
  {
    id: "service-linked-role",
    rule: "E63",
    ruling: "E: D8",
    ours: "service and resource control policies do not limit service-linked roles",
    peer: "they do",
    repair: ({ request }) =>
      rename(request, "AWSServiceRoleForSupport", "App") && rename(request.context, "aws-service-role/support.amazonaws.com/AWSServiceRoleForSupport", "App", "aws:PrincipalArn"),
  },
  {
    id: "service-under-scps",
    rule: "E13",
    ruling: "E: D9",
    ours: "service control policies limit no services",
    peer: "whoever asks, if there are any",
    repair: ({ policies, request }) => {
      if (!policies.scp || request.principal.startsWith("arn:")) return false;
      delete policies.scp;
      return true;
    },
  },
  {
    id: "missing-trust-or-key-policy",
    rule: "E32, E33",
    ruling: "E: D10",
    ours: "without a trust policy no role is assumed, without a key policy no key is used",
    peer: "the identity-based policy is enough for a role without trust policy",
    repair: ({ policies, request }) => {
      if (policies.resource || !/:role\/|:key\//.test(request.resource)) return false;
      const idle = { Effect: "Deny", Principal: "*", Action: "ec2:Idle" };
      policies.resource = { Version: "2012-10-17", Statement: [request.resource.includes(":key/") ? { ...idle, Resource: "*" } : idle] };
      return true;
    },
  },
  {
    id: "another-partition",
    rule: "E7",
    ruling: "E: D15",
    ours: "nothing grants access from another partition",
    peer: "partitions are not compared",
    repair: ({ request }) => rename(request, "arn:aws-cn:", "arn:aws:") && rename(request.context, "arn:aws-cn:", "arn:aws:", "aws:PrincipalArn"),
  },
  {
    id: "no-value-under-a-negated-operator",
    rule: "L62",
    ruling: "L: D7",
    ours: "a variable without value equals nothing: a negated operator is true of it, ForAllValues of nothing is true beside it",
    peer: "the condition fails",
    repair: ({ policies }) =>
      edit(policies, ALL, (statement) => withoutConditions(statement, (operator, value) => /Not|ForAllValues/.test(operator) && hasVariable(value))),
  },
  {
    id: "no-value-in-not-resource",
    rule: "L61",
    ruling: "L: D8",
    ours: "an entry whose variable has no value excludes nothing, so a Deny with NotResource reaches further",
    peer: "the statement does not match",
    repair: ({ policies }) => edit(policies, ALL, (statement) => (hasVariable(statement.NotResource) ? null : statement)),
  },
  {
    id: "variables-before-2012",
    rule: "L50",
    ruling: "L: D3",
    ours: "in a document of version 2008-10-17 `${…}` is text",
    peer: "variables are filled in whatever the version",
    repair: ({ policies }) => {
      let found = false;
      for (const document of documents(policies)) {
        if (document.Version !== "2012-10-17" && hasVariable(document.Statement)) {
          found = true;
          document.Version = "2012-10-17";
        }
      }
      return found;
    },
  },
  {
    id: "special-variables-in-equals",
    rule: "L56",
    ruling: "L: D21",
    ours: "`${*}` is a star wherever variables are filled in, in StringEquals too",
    peer: "StringEquals compares the text `${*}`",
    repair: ({ policies }) => edit(policies, ALL, starsAsText),
  },
  {
    id: "null-and-the-empty-list",
    rule: "L77",
    ruling: "L: D10, D14",
    ours: "a multivalued key without members is absent for Null",
    peer: "the key is present",
    repair: ({ request }) => {
      const empty = Object.keys(request.context).filter((key) => Array.isArray(request.context[key]) && request.context[key].length === 0);
      empty.forEach((key) => delete request.context[key]);
      return empty.length > 0;
    },
  },
  {
    id: "for-all-values-and-empty-strings",
    rule: "L77",
    ruling: "L: D14",
    ours: "a list of empty strings is a null data set: ForAllValues is true, ForAnyValue false",
    peer: "the empty string is tested like any other",
    repair: ({ request }) => {
      const empty = Object.keys(request.context).filter((key) => Array.isArray(request.context[key]) && request.context[key].every((it) => it === ""));
      empty.forEach((key) => delete request.context[key]);
      return empty.length > 0;
    },
  },
  {
    id: "numbers-with-a-tail",
    rule: "L93",
    ruling: "L: D17",
    ours: "`5abc` is no number",
    peer: "it is 5",
    repair: ({ request }) => rename(request.context, "5abc", "5", "aws:MultiFactorAuthAge"),
  },
  {
    id: "what-is-no-address",
    rule: "L81",
    ruling: "L: D15",
    ours: "a value that is no address: NotIpAddress holds under Deny and fails under Allow",
    peer: "both operators fail",
    repair: ({ request }) => rename(request.context, "unknown", "198.51.100.1", "aws:SourceIp"),
  },
  {
    id: "the-whole-of-ipv4",
    rule: "L97",
    ruling: "L: D19",
    ours: "`0.0.0.0/0` holds every address of IPv4",
    peer: "it holds none",
    repair: ({ policies }) => replaceText(policies, '"0.0.0.0/0"', '"0.0.0.0/1","128.0.0.0/1"'),
  },
  {
    id: "dates-as-epoch-seconds",
    rule: "L94",
    ruling: "L: D18",
    ours: "digits are seconds since 1970",
    peer: "they are compared with the milliseconds of other dates",
    repair: ({ policies }) => replaceText(policies, '"1767225600"', '"2026-01-01T00:00:00Z"'),
  },
];

/** Writes a text in all policies another way. Several texts in the place of one make a list. */
function replaceText(policies, from, to) {
  const before = JSON.stringify(policies);
  const isMany = to.includes(",");
  const after = isMany ? before.replaceAll(`:${from}`, `:[${to}]`).replaceAll(from, to) : before.replaceAll(from, to);
  Object.assign(policies, JSON.parse(after));
  return after !== before;
}

/** Calls the caller, or what a context key says of it, something else. */
function rename(where, from, to, key = "principal") {
  if (!where[key]?.includes(from)) return false;
  where[key] = where[key].replace(from, to);
  return true;
}

const ALLOW_ALL = { Effect: "Allow", Action: "*", Resource: "*" };
const ALL = ["identity", "boundary", "session", "scp", "rcp", "resource", "endpoint"];

const list = (value) => (Array.isArray(value) ? value : [value]);
const hasVariable = (value) => value !== undefined && JSON.stringify(value).includes("${");

/** All documents, whatever the depth of lists they stand in. */
function documents(policies, kinds = ALL) {
  return kinds.flatMap((kind) => [policies[kind]].flat(Infinity)).filter((document) => document !== undefined);
}

/** Replaces statements; `null` takes one out. A document that would be empty keeps one that matches nothing. */
function edit(policies, kinds, change) {
  let found = false;
  for (const document of documents(policies, kinds)) {
    const before = list(document.Statement);
    const after = before.map(change);
    if (after.every((statement, index) => statement === before[index])) continue;
    found = true;
    const kept = after.filter((statement) => statement !== null);
    const { NotPrincipal, Principal, Resource, NotResource } = before[0];
    const idle = { Effect: "Deny", Action: "ec2:Idle" };
    if (Resource ?? NotResource) idle.Resource = "*";
    if (Principal ?? NotPrincipal) idle.Principal = "*";
    document.Statement = kept.length > 0 ? kept : [idle];
  }
  return found;
}

/** A statement whose `StringEquals` and the like write a star as a star, which is text to them. */
function starsAsText(statement) {
  const block = Object.entries(statement.Condition ?? {});
  const plain = ([operator, keys]) => [operator, /Equals/.test(operator) ? JSON.parse(JSON.stringify(keys).replaceAll('"${*}"', '"*"')) : keys];
  const written = Object.fromEntries(block.map(plain));
  return JSON.stringify(written) === JSON.stringify(statement.Condition ?? {}) ? statement : { ...statement, Condition: written };
}

/** A statement without some of its conditions; without any, it matches more often, on both sides alike. */
function withoutConditions(statement, isMeant) {
  const block = {};
  let found = false;
  for (const [operator, keys] of Object.entries(statement.Condition ?? {})) {
    for (const [key, value] of Object.entries(keys)) {
      if (isMeant(operator, value)) found = true;
      else block[operator] = { ...block[operator], [key]: value };
    }
  }
  if (!found) return statement;
  const { Condition, ...rest } = statement;
  return Object.keys(block).length > 0 ? { ...rest, Condition: block } : rest;
}

/** The question with everything that some classes are about taken out; `undefined` if one of them finds nothing. */
export function repaired(question, classes) {
  const copy = structuredClone(question);
  return classes.every((it) => it.repair(copy)) ? copy : undefined;
}
