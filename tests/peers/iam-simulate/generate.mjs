// Questions with policies, made from a seed: the same seed makes the same questions on every machine.
//
// Texts are taken from small pools, so that patterns, principals and values meet often, and nearly meet more often.

const HOME = "111122223333";
const OTHER = "444455556666";
const NAMES = ["ana", "ben"];

/** A generator of 32-bit numbers (mulberry32). */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/** What actions act on: the action, resources of it, and patterns that nearly match them. */
const TOPICS = [
  {
    actions: ["s3:GetObject", "s3:PutObject", "s3:GetObjectVersion"],
    resources: ["arn:aws:s3:::app/ana/cat.jpg", "arn:aws:s3:::app/ben/cat.jpg", "arn:aws:s3:::app/public/a"],
    patterns: ["arn:aws:s3:::app/*", "arn:aws:s3:::app/${aws:username}/*", "arn:aws:s3:::app/${aws:PrincipalTag/team, 'public'}/*", "arn:aws:s3:::app/ana/*", "arn:aws:s3:::app/?na/*", "arn:aws:s3:::data/*"],
    keys: ["s3:x-amz-acl"],
  },
  {
    actions: ["s3:ListBucket", "s3:GetBucketPolicy"],
    resources: ["arn:aws:s3:::app", "arn:aws:s3:::data"],
    patterns: ["arn:aws:s3:::app", "arn:aws:s3:::a*", "arn:aws:s3:::*"],
    keys: ["s3:prefix", "s3:max-keys"],
  },
  {
    actions: ["dynamodb:GetItem", "dynamodb:Query"],
    resources: [`arn:aws:dynamodb:eu-west-1:${HOME}:table/orders`, `arn:aws:dynamodb:eu-west-1:${OTHER}:table/orders`],
    patterns: ["arn:aws:dynamodb:*:*:table/*", `arn:aws:dynamodb:eu-west-1:${HOME}:table/orders`, "arn:aws:dynamodb:us-*:*:table/orders"],
    keys: ["dynamodb:LeadingKeys", "dynamodb:Attributes"],
  },
  {
    actions: ["sqs:SendMessage", "sqs:ReceiveMessage"],
    resources: [`arn:aws:sqs:eu-west-1:${HOME}:jobs`, `arn:aws:sqs:eu-west-1:${OTHER}:jobs`],
    patterns: [`arn:aws:sqs:eu-west-1:${HOME}:*`, "arn:aws:sqs:*:*:jobs", "arn:aws:sqs:*:*:other"],
    keys: [],
  },
  {
    actions: ["kms:Decrypt", "kms:DescribeKey"],
    resources: [
      `arn:aws:kms:eu-west-1:${HOME}:key/1234abcd-12ab-34cd-56ef-1234567890ab`,
      `arn:aws:kms:eu-west-1:${OTHER}:key/1234abcd-12ab-34cd-56ef-1234567890ab`,
    ],
    patterns: ["arn:aws:kms:*:*:key/*", `arn:aws:kms:eu-west-1:${HOME}:key/*`],
    keys: ["kms:ViaService"],
    alwaysHasPolicy: true,
  },
  {
    actions: ["sts:AssumeRole"],
    resources: [`arn:aws:iam::${HOME}:role/Target`, `arn:aws:iam::${OTHER}:role/Target`],
    patterns: ["arn:aws:iam::*:role/*", `arn:aws:iam::${HOME}:role/Target`],
    keys: ["sts:ExternalId"],
    isTrust: true,
    alwaysHasPolicy: true,
  },
  {
    actions: ["secretsmanager:GetSecretValue"],
    resources: [`arn:aws:secretsmanager:eu-west-1:${HOME}:secret:db-AbCdEf`, `arn:aws:secretsmanager:eu-west-1:${OTHER}:secret:db-AbCdEf`],
    patterns: [`arn:aws:secretsmanager:*:*:secret:db-*`, `arn:aws:secretsmanager:eu-west-1:${HOME}:secret:*`],
    keys: ["secretsmanager:VersionStage"],
  },
  {
    actions: ["ec2:DescribeInstances", "s3:ListAllMyBuckets"],
    resources: ["*"],
    patterns: ["*"],
    keys: [],
    hasNoResource: true,
  },
];

/** Keys that every request may have, with values. Derived ones are given by `derived`. */
const VALUES = {
  "aws:PrincipalTag/team": ["ana", "ben", "public", "*"],
  "aws:RequestedRegion": ["eu-west-1", "us-east-1"],
  "aws:SecureTransport": ["true", "false"],
  "aws:SourceIp": ["203.0.113.7", "10.1.2.3", "2001:db8::1", "unknown"],
  "aws:PrincipalOrgID": ["o-a1b2c3d4e5", "o-zzzzzzzzzz"],
  "aws:CurrentTime": ["2026-08-01T12:00:00Z", "2020-01-01T00:00:00Z"],
  "aws:MultiFactorAuthAge": ["30", "7200", "5abc"],
  "aws:MultiFactorAuthPresent": ["true", "false"],
  "aws:SourceArn": [`arn:aws:sns:eu-west-1:${HOME}:topic`, `arn:aws:sns:us-east-1:${OTHER}:topic`],
  "aws:UserAgent": ["aws-cli/2", "curl/8"],
  "aws:TagKeys": [["team"], ["team", "stage"], [], [""]],
  "s3:x-amz-acl": ["private", "public-read"],
  "s3:prefix": ["", "ana/", "ben/"],
  "s3:max-keys": ["10", "1000"],
  "dynamodb:LeadingKeys": [["ana"], ["ana", "ben"]],
  "dynamodb:Attributes": [["id"], ["id", "secret"]],
  "kms:ViaService": ["s3.eu-west-1.amazonaws.com"],
  "sts:ExternalId": ["release-7", "other"],
  "secretsmanager:VersionStage": ["AWSCURRENT"],
};

const MULTIVALUED = new Set(["aws:TagKeys", "dynamodb:LeadingKeys", "dynamodb:Attributes"]);

/** The questions of a seed, without end. */
export function* questions(seed) {
  const next = random(seed);
  const below = (count) => next() % count;
  const of = (list) => list[below(list.length)];
  const chance = (percent) => below(100) < percent;
  const some = (list, most) => Array.from({ length: 1 + below(most) }, () => of(list));
  const oneOrMany = (list) => (list.length === 1 && chance(60) ? list[0] : list);

  const principal = (account) => {
    const name = of(NAMES);
    // Callers that the peer knows nothing special of are rare here: most of what they ask is a known difference.
    if (chance(10)) {
      return of([
        `arn:aws:sts::${account}:assumed-role/AWSServiceRoleForSupport/${name}`,
        `arn:aws-cn:iam::${account}:user/${name}`,
        `arn:aws:iam::${account}:root`,
      ]);
    }
    return of([
      `arn:aws:iam::${account}:user/${name}`,
      `arn:aws:iam::${account}:user/team/${name}`,
      `arn:aws:iam::${account}:role/App`,
      `arn:aws:sts::${account}:assumed-role/App/${name}`,
      `arn:aws:sts::${account}:assumed-role/App/${name}`,
      `arn:aws:sts::${account}:federated-user/${name}`,
      "s3.amazonaws.com",
      "*",
    ]);
  };

  const condition = (topic) => {
    const key = of([...Object.keys(VALUES).filter((name) => name.startsWith("aws:")), ...topic.keys, ...topic.keys, "aws:PrincipalArn", "aws:PrincipalAccount"]);
    const isMany = MULTIVALUED.has(key);
    const set = chance(isMany ? 90 : 5) ? of(["ForAllValues:", "ForAnyValue:"]) : "";
    const optional = chance(20) ? "IfExists" : "";
    if (chance(8)) {
      return [[`Null`, key, of(["true", "false"])]];
    }
    const values = (pool) => oneOrMany(some(pool, 2));
    switch (key) {
      case "aws:SecureTransport":
      case "aws:MultiFactorAuthPresent":
        return [[`Bool${optional}`, key, of(["true", "false"])]];
      case "aws:SourceIp":
        return [[`${of(["IpAddress", "NotIpAddress"])}${optional}`, key, values(["203.0.113.0/24", "10.0.0.0/8", "2001:db8::/32", "0.0.0.0/0"])]];
      case "aws:CurrentTime":
        return [[`${of(["DateGreaterThan", "DateLessThan", "DateNotEquals"])}${optional}`, key, of(["2025-01-01T00:00:00Z", "2026-12-31T23:59:59Z", "1767225600"])]];
      case "aws:MultiFactorAuthAge":
      case "s3:max-keys":
        return [[`${of(["NumericLessThan", "NumericGreaterThanEquals", "NumericEquals", "NumericNotEquals"])}${optional}`, key, of(["10", "100", "3600"])]];
      case "aws:PrincipalArn":
      case "aws:SourceArn": {
        const pool = key === "aws:SourceArn" ? ["arn:aws:sns:*:*:topic", VALUES[key][0]] : [`arn:aws:iam::${HOME}:role/App`, "arn:aws:iam::*:user/*", `arn:aws:iam::${HOME}:user/ana`];
        return [[`${of(["ArnLike", "ArnEquals", "ArnNotLike", "StringLike"])}${optional}`, key, values(pool)]];
      }
      case "aws:PrincipalAccount":
        return [[`${of(["StringEquals", "StringNotEquals"])}${optional}`, key, values([HOME, OTHER])]];
      default: {
        const pool = [...VALUES[key].flat(), "*", "a*", "${*}", "${aws:username}", "${aws:PrincipalTag/team}", "${aws:PrincipalTag/team, 'public'}"];
        const operator = of(["StringEquals", "StringLike", "StringNotEquals", "StringNotLike", "StringEqualsIgnoreCase"]);
        return [[`${set}${operator}${optional}`, key, values(pool)]];
      }
    }
  };

  const conditions = (topic) => {
    const block = {};
    for (const [operator, key, value] of Array.from({ length: 1 + below(2) }, () => condition(topic)).flat()) {
      block[operator] = { ...block[operator], [key]: value };
    }
    return block;
  };

  const actionPattern = (topic) => {
    const action = of(topic.actions);
    const [service, name] = action.split(":");
    return of([action, action, `${service}:*`, `${service}:${name.slice(0, 3)}*`, `${service.toUpperCase()}:${name.toLowerCase()}`, "*", "ec2:Run*"]);
  };

  const statement = (topic, kind) => {
    const effect = kind === "rcp" ? "Deny" : chance(75) ? "Allow" : "Deny";
    const read = { Effect: effect };
    const actions = some([0, 1], 2).map(() => actionPattern(topic));
    if (kind === "rcp") {
      read.Action = oneOrMany(actions.map((action) => (action === "*" ? "s3:*" : action)));
    } else {
      read[chance(8) && kind !== "trust" ? "NotAction" : "Action"] = oneOrMany(actions);
    }
    if (kind !== "trust") {
      const pattern = () => of([...topic.patterns, ...topic.patterns, ...topic.resources, "*"]);
      read[chance(8) ? "NotResource" : "Resource"] = oneOrMany(some([0, 1], 2).map(pattern));
    }
    if (["resource", "trust"].includes(kind)) {
      const account = of([HOME, HOME, OTHER]);
      const entry = () =>
        of([
          account,
          `arn:aws:iam::${account}:root`,
          `arn:aws:iam::${account}:user/${of(NAMES)}`,
          `arn:aws:iam::${account}:role/App`,
          `arn:aws:iam::${account}:role/service/App`,
          `arn:aws:sts::${account}:assumed-role/App/${of(NAMES)}`,
          `arn:aws:sts::${account}:federated-user/${of(NAMES)}`,
        ]);
      const principals = of(["*", { AWS: "*" }, { AWS: entry() }, { AWS: entry() }, { AWS: [entry(), entry()] }, { Service: of(["s3.amazonaws.com", "sns.amazonaws.com"]) }]);
      const isNegated = kind === "resource" && effect === "Deny" && chance(25) && principals !== "*";
      read[isNegated ? "NotPrincipal" : "Principal"] = principals;
    }
    if (kind === "rcp" || kind === "endpoint") {
      read.Principal = "*";
    }
    if (chance(35)) {
      read.Condition = conditions(topic);
    }
    return read;
  };

  const document = (topic, kind) => ({
    Version: chance(85) ? "2012-10-17" : "2008-10-17",
    Statement: Array.from({ length: 1 + below(3) }, () => statement(topic, kind)),
  });
  const documents = (topic, kind, most) => Array.from({ length: below(most + 1) }, () => document(topic, kind));
  const fullAccess = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] };

  for (;;) {
    const topic = of(TOPICS);
    const resource = of(topic.resources);
    const account = of([HOME, HOME, HOME, OTHER]);
    const caller = principal(account);
    const owner = /^\d{12}$/.test(resource.split(":")[4] ?? "") ? resource.split(":")[4] : topic.hasNoResource ? account : of([HOME, HOME, OTHER]);
    const hasIdentity = caller.startsWith("arn:") && !caller.endsWith(":root");
    const isSession = /:assumed-role\/|:role\/|:federated-user\//.test(caller);
    const policies = {};
    if (hasIdentity) {
      policies.identity = documents(topic, "identity", 2);
      if (chance(15)) policies.boundary = document(topic, "boundary");
      if (isSession && chance(caller.includes(":federated-user/") ? 85 : 15)) policies.session = [document(topic, "session")];
    }
    if (caller !== "*") {
      if (chance(25)) policies.scp = [[fullAccess], [fullAccess, document(topic, "scp")]].slice(0, 1 + below(2));
    }
    if (!topic.hasNoResource) {
      if (chance(topic.alwaysHasPolicy ? 92 : 55)) policies.resource = document(topic, topic.isTrust ? "trust" : "resource");
      if (chance(12)) policies.rcp = [documents(topic, "rcp", 2)];
    }
    if (chance(6)) policies.endpoint = { Version: "2012-10-17", Statement: [statement(topic, "endpoint")] };
    const context = {};
    for (const key of [...Object.keys(VALUES).filter((name) => name.startsWith("aws:")), ...topic.keys]) {
      if (chance(45)) context[key] = of(VALUES[key]);
    }
    yield { policies, request: { principal: caller, action: of(topic.actions), resource, resourceAccount: owner, context: { ...context, ...derived(caller, owner) } } };
  }
}

/** The keys that AWS derives from caller and resource (Rule E56): the peer expects them to be given. */
function derived(caller, owner) {
  const keys = { "aws:ResourceAccount": owner };
  if (caller === "*") {
    return { ...keys, "aws:PrincipalAccount": "anonymous", "aws:PrincipalType": "Anonymous", "aws:userid": "anonymous" };
  }
  if (!caller.startsWith("arn:")) {
    return { ...keys, "aws:PrincipalIsAWSService": "true", "aws:PrincipalServiceName": caller };
  }
  const [, , , , account, resource] = caller.split(":");
  const parts = resource.split("/");
  if (resource === "root") {
    return { ...keys, "aws:PrincipalArn": caller, "aws:PrincipalAccount": account, "aws:PrincipalType": "Account", "aws:userid": account, "aws:PrincipalIsAWSService": "false" };
  }
  Object.assign(keys, { "aws:PrincipalAccount": account, "aws:PrincipalIsAWSService": "false" });
  switch (parts[0]) {
    case "user":
      return { ...keys, "aws:PrincipalArn": caller, "aws:PrincipalType": "User", "aws:username": parts.at(-1) };
    case "federated-user":
      return { ...keys, "aws:PrincipalArn": caller, "aws:PrincipalType": "FederatedUser", "aws:userid": `${account}:${parts[1]}` };
    case "assumed-role":
      return { ...keys, "aws:PrincipalArn": `arn:aws:iam::${account}:role/${pathOf(parts[1])}${parts[1]}`, "aws:PrincipalType": "AssumedRole" };
    default:
      return { ...keys, "aws:PrincipalArn": caller, "aws:PrincipalType": "AssumedRole" };
  }
}

/** A service-linked role is known by its path (Rule E63), which the ARN of a session does not carry. */
function pathOf(role) {
  return role.startsWith("AWSServiceRoleFor") ? "aws-service-role/support.amazonaws.com/" : "";
}
