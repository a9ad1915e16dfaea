// The peer, asked in its own words.
import { createRequire } from "node:module";

// Found from the folder the script is run in, where `run` has installed it.
const { anonymousPrincipal, runSimulation } = createRequire(`${process.cwd()}/`)("@cloud-copilot/iam-simulate");

const ANSWERS = { Allowed: "allowed", ExplicitlyDenied: "explicitDeny", ImplicitlyDenied: "implicitDeny" };

const named = (policies, kind) => policies.map((policy, index) => ({ name: `${kind}${index}`, policy }));
const levels = (kind, read = []) =>
  read.map((policies, index) => ({ orgIdentifier: `level-${index}`, policies: named(policies, `${kind}${index}-`) }));

/**
 * The answer of the peer, and the question as it understood it: context keys that it does not take for the action are
 * left out. Or why it refuses to be asked.
 */
export async function ask(question) {
  const { policies, request } = question;
  const answer = await runSimulation(
    {
      request: {
        principal: request.principal === "*" ? anonymousPrincipal : request.principal,
        action: request.action,
        resource: { resource: request.resource, accountId: request.resourceAccount },
        contextVariables: request.context,
      },
      identityPolicies: named(policies.identity ?? [], "identity"),
      sessionPolicy: policies.session?.[0],
      permissionBoundaryPolicies: policies.boundary && named([policies.boundary], "boundary"),
      serviceControlPolicies: levels("scp", policies.scp),
      resourceControlPolicies: levels("rcp", policies.rcp),
      resourcePolicy: policies.resource,
      vpcEndpointPolicies: policies.endpoint && named([policies.endpoint], "endpoint"),
    },
    { simulationMode: "Strict" },
  );
  if (answer.resultType === "error") return { refused: answer.errors.message };
  const ignored = new Set(answer.result.ignoredContextKeys);
  const context = Object.fromEntries(Object.entries(request.context).filter(([key]) => !ignored.has(key)));
  return { answer: ANSWERS[answer.overallResult], understood: { policies, request: { ...request, context } } };
}

/** A question as a line of a case file, with the peer's answer as the one expected. */
export function caseLine(name, { policies, request }, answer) {
  return JSON.stringify({ name, policies, request, expect: answer });
}
