//! iam-rs: IAM policies as they stand.
//!
//! It reads the JSON of IAM, so nothing is translated and any answer is its own. Its best form: policies deserialized once,
//! the resource of a request parsed to its `Arn` and the context typed beforehand (a `Bool` operator only matches a boolean
//! value), no details collected, an explicit Deny ends the evaluation, and the limit of 1,000 statements lifted.
//!
//! It fills in policy variables in `Resource` but not in `Condition`, where `${…}` is compared as it is written: whatever
//! needs such a condition to hold is denied.

use iam_rs::{
    Arn, Context, ContextValue, Decision, EvaluationOptions, IAMPolicy, IAMRequest, PolicyEvaluator, Principal,
    PrincipalId,
};

use crate::Result;
use crate::measure::{Answer, Peer};
use crate::workload::{OneOrMany, Workload};

pub struct IamRs {
    evaluator: PolicyEvaluator,
    /// None if the library cannot represent the request.
    requests: Vec<Option<IAMRequest>>,
}

impl Peer for IamRs {
    type Source = &'static [String];
    type Compiled = PolicyEvaluator;

    fn translate(workload: &'static Workload) -> Result<Self::Source> {
        Ok(&workload.documents)
    }

    fn compile(source: &Self::Source) -> Result<PolicyEvaluator> {
        let policies: Vec<IAMPolicy> =
            source.iter().map(|document| serde_json::from_str(document)).collect::<serde_json::Result<_>>()?;
        let options = EvaluationOptions { max_statements: usize::MAX, ..EvaluationOptions::default() };
        Ok(PolicyEvaluator::with_policies(policies).with_options(options))
    }

    fn prepare(evaluator: PolicyEvaluator, workload: &'static Workload) -> Result<Self> {
        let requests = workload.asks.iter().map(|ask| {
            let asked = &ask.request;
            let mut context = Context::new();
            for (key, given) in &asked.context {
                let value = match given {
                    OneOrMany::One(text) if key == "aws:SecureTransport" => ContextValue::Boolean(text == "true"),
                    OneOrMany::One(text) => ContextValue::String(text.clone()),
                    OneOrMany::Many(texts) => ContextValue::StringList(texts.clone()),
                };
                context.insert(key.clone(), value);
            }
            let principal = Principal::Aws(PrincipalId::String(asked.principal.clone()));
            let resource = Arn::parse(&asked.resource).ok()?;
            Some(IAMRequest::new_with_context(principal, asked.action.as_str(), resource, context))
        });
        Ok(IamRs { evaluator, requests: requests.collect() })
    }

    fn decide(&mut self, index: usize) -> Answer {
        let Some(Some(request)) = self.requests.get(index) else { return Answer::Failed };
        match self.evaluator.evaluate(request).map(|result| result.decision) {
            Ok(Decision::Allow) => Answer::Allowed,
            Ok(Decision::NotApplicable) => Answer::ImplicitDeny,
            Ok(Decision::Deny) => Answer::ExplicitDeny,
            Err(_) => Answer::Failed,
        }
    }
}
