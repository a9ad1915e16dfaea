//! Everything that can answer a question, compared with each other. The fuzz target of this name asks them too.

use iamtree::decision::{Check, CheckEffect, CheckType, Gate};
use iamtree::reference::{Explained, Reference};
use iamtree::strategies::RequestSpec;
use iamtree::tree::Switches;
use iamtree::{Decision, Engine, Explanation, KeyHandle, Outcome, PolicySet, Reason, Request, RequestError, Session};

/// What all evaluators answered.
pub enum Answer {
    Decided(Reason),
    Error,
    Refused,
}

/// Everything that can answer a question about one set of policies.
pub struct Evaluators<'s> {
    reference: Reference<'s>,
    /// One with every optimisation, and one for each without it.
    engines: Vec<(Switches, Engine)>,
}

impl<'s> Evaluators<'s> {
    pub fn compile(policies: &'s PolicySet) -> Self {
        let engine = |switches| {
            let engine = Engine::compile_with(policies.clone(), switches);
            (switches, engine.expect("generated sets compile"))
        };
        Evaluators { reference: Reference::new(policies), engines: Switches::each_off().map(engine).into() }
    }

    /// # Errors
    ///
    /// Returns how two of them differ.
    pub fn compare(&self, spec: &RequestSpec) -> Result<Answer, String> {
        let Ok(request) = spec.request() else { return Ok(Answer::Refused) };
        let explained = self.reference.explain(&request);
        for (switches, engine) in &self.engines {
            agree(&engine.decide(&request), &explained).map_err(|error| format!("{switches:?}: {error}"))?;
            // The test of crowds asks listings of every engine.
            if *switches == Switches::ON {
                compare_listing(engine, spec, &request)?;
            }
            for keys_of_session in [0, spec.context.len() / 2, spec.context.len()] {
                if let Some(bound) = decide_bound(engine, spec, keys_of_session) {
                    let place = |error| format!("{switches:?}, {keys_of_session} keys bound: {error}");
                    agree(&bound, &explained).map_err(place)?;
                }
            }
        }
        match (explained, self.engines[0].1.explain(&request)) {
            (Ok(explained), Ok(explanation)) => {
                check_explanation(&explanation)?;
                Ok(Answer::Decided(explained.decision.reason()))
            }
            (Err(_), Err(error)) if !error.is_disagreement() => Ok(Answer::Error),
            (_, explanation) => Err(format!("the engine explains {explanation:?}")),
        }
    }
}

/// What must be equal: the reason, or the kind of mistake. The tree's statement is one that the reference accepts.
fn agree(decided: &Result<Decision, RequestError>, explained: &Result<Explained, RequestError>) -> Result<(), String> {
    let agree = match (decided, explained) {
        (Ok(decided), Ok(explained)) => {
            decided.reason() == explained.decision.reason()
                && decided.statement().is_none_or(|statement| explained.matched.contains(&statement))
                && decided.statement().is_some() == explained.decision.statement().is_some()
        }
        (Err(decided), Err(explained)) => decided.kind() == explained.kind(),
        _ => false,
    };
    if agree {
        return Ok(());
    }
    let explained = explained.as_ref().map(|explained| (explained.decision, &explained.matched));
    Err(format!("the evaluators differ\n     tree: {decided:?}\nreference: {explained:?}"))
}

/// A batch answers like single requests. The resource of the question stands between others.
fn compare_listing(engine: &Engine, spec: &RequestSpec, request: &Request<'_>) -> Result<(), String> {
    let listing = [
        "arn:aws:s3:::app/red/1",
        &spec.resource,
        "*",
        "arn:aws:sqs:us-east-1:444455556666:jobs",
        "app",
        &spec.resource,
    ];
    for (resource, listed) in listing.into_iter().zip(engine.decide_all(request, listing)) {
        let single = RequestSpec { resource: resource.to_owned(), ..spec.clone() };
        let single = single.request().and_then(|request| engine.decide(&request)).map_err(|error| error.kind());
        let listed = listed.map_err(|error| error.kind());
        if single != listed {
            return Err(format!("{resource}: alone {single:?}, in a listing {listed:?}"));
        }
    }
    Ok(())
}

/// Asks a bound session that knows the first keys of the context; the others come with the question. `None` for
/// callers that are no sessions: left out, named by a token, or issued by a user.
fn decide_bound(engine: &Engine, spec: &RequestSpec, keys_of_session: usize) -> Option<Result<Decision, RequestError>> {
    let (known, asked) = spec.context.split_at(keys_of_session);
    let principal = spec.principal.as_deref().filter(|_| spec.issuer.is_none())?;
    let mut session = Session::new(principal).ok()?;
    if let Some(account) = &spec.resource_account {
        session = session.resource_account(account).ok()?;
    }
    for (key, value) in known {
        session = session.with(key, value.clone()).ok()?;
    }
    let keys: Vec<KeyHandle> = asked.iter().map(|(key, _)| engine.key(key)).collect();
    let keys: Vec<_> = keys.iter().zip(asked.iter().map(|(_, value)| value.clone())).collect();
    let action = engine.action(&spec.action).ok()?;
    Some(engine.bind(&session).and_then(|bound| bound.decide(&action, &spec.resource, &keys)))
}

/// The invariant of Rule E65, and what Rule E66 says of reason and matched statements.
///
/// # Errors
///
/// Returns how an explanation contradicts itself.
fn check_explanation(explanation: &Explanation) -> Result<(), String> {
    let checks = || explanation.checks.iter();
    let outcome = if checks().any(|check| check.effect == CheckEffect::ExplicitDeny) {
        Outcome::ExplicitDeny
    } else if checks().any(|check| check.effect == CheckEffect::ImplicitDeny) {
        Outcome::ImplicitDeny
    } else {
        Outcome::Allowed
    };
    let (failed, of_type) = match explanation.reason {
        Reason::ExplicitDeny(check) => (Some(CheckEffect::ExplicitDeny), check_type(check)),
        Reason::ImplicitDeny(gate) => (Some(CheckEffect::ImplicitDeny), gate_type(gate)),
        Reason::Allowed(_) => (None, CheckType::Session),
    };
    let first_failed = checks().find(|check| Some(check.effect) == failed).map(|check| check.check_type);
    let effects: Vec<&str> = explanation.matched_statements.iter().map(|m| m.statement.effect.as_str()).collect();
    let wanted_effect = match explanation.decision {
        Outcome::Allowed => "Allow",
        Outcome::ExplicitDeny => "Deny",
        Outcome::ImplicitDeny => "none",
    };
    let holds = [
        ("outcome and reason", explanation.decision == explanation.reason.outcome()),
        ("the invariant of E65", explanation.decision == outcome),
        ("the order of checks", explanation.checks.is_sorted_by_key(|check| check.check_type)),
        ("the check of the reason", failed.is_none() || first_failed == Some(of_type)),
        ("effects of the matched statements", effects.iter().all(|effect| *effect == wanted_effect)),
        ("a deny names its statements", explanation.decision != Outcome::ExplicitDeny || !effects.is_empty()),
    ];
    match holds.iter().find(|(_, holds)| !holds) {
        Some((what, _)) => Err(format!("{what} is broken: {explanation:#?}")),
        None => Ok(()),
    }
}

fn check_type(check: Check) -> CheckType {
    match check {
        Check::ResourceControlPolicy => CheckType::ResourceControlPolicy,
        Check::ServiceControlPolicy => CheckType::ServiceControlPolicy,
        Check::VpcEndpoint => CheckType::VpcEndpoint,
        Check::Resource => CheckType::Resource,
        Check::Principal => CheckType::Principal,
        Check::PermissionsBoundary => CheckType::PermissionsBoundary,
        Check::Session => CheckType::Session,
    }
}

/// A partition mismatch shows in the check of the resource (Rule E65).
fn gate_type(gate: Gate) -> CheckType {
    match gate {
        Gate::ServiceControlPolicy => CheckType::ServiceControlPolicy,
        Gate::VpcEndpoint => CheckType::VpcEndpoint,
        Gate::Partition | Gate::Resource => CheckType::Resource,
        Gate::Principal => CheckType::Principal,
        Gate::PermissionsBoundary => CheckType::PermissionsBoundary,
        Gate::Session => CheckType::Session,
    }
}
