//! Actions and resources that patterns nearly match.

use proptest::option;
use proptest::prelude::*;

use super::request::Scene;
use super::text::{Pick, Twist, pick, twist};
use super::world;
use crate::document::{Patterns, Statement};
use crate::language::action::ActionPattern;
use crate::language::arn::{Arn, ArnTemplate, ResourcePattern};
use crate::language::pattern::{Token, Tokens};

/// An action or a resource before the patterns are known that it is to meet.
#[derive(Debug, Clone)]
pub(super) struct TargetPlan {
    entry: Pick,
    /// From any statement instead of the anchor.
    elsewhere: Option<Pick>,
    /// From the world instead of the policies.
    foreign: Option<Pick>,
    fill: Pick,
    twist: Twist,
}

pub(super) fn target_plan(twists_in_ten: u32) -> impl Strategy<Value = TargetPlan> {
    let twist = prop_oneof![1 => Just(Twist::None), 1 => twist(twists_in_ten)];
    (pick(), option::weighted(0.25, pick()), option::weighted(0.06, pick()), pick(), twist)
        .prop_map(|(entry, elsewhere, foreign, fill, twist)| TargetPlan { entry, elsewhere, foreign, fill, twist })
}

impl TargetPlan {
    /// A pattern of the chosen statement, or of any if that one's say nothing.
    fn pattern<'p, P>(
        &self,
        scene: &Scene<'p>,
        patterns: impl Fn(&'p Statement) -> Option<&'p Patterns<P>>,
        telling: impl Fn(&P) -> bool,
    ) -> Option<&'p P> {
        let of = |statements: &[&'p Statement]| -> Vec<&'p P> {
            let entries =
                statements.iter().filter_map(|statement| patterns(statement)).flat_map(|found| &found.entries);
            entries.map(|entry| &entry.pattern).filter(|pattern| telling(pattern)).collect()
        };
        let chosen = self.elsewhere.and_then(|elsewhere| elsewhere.of(&scene.statements).copied()).or(scene.anchor);
        let own = of(chosen.as_slice());
        self.entry.of(&own).copied().or_else(|| self.entry.of(&of(&scene.statements)).copied())
    }

    pub(super) fn action(&self, scene: &Scene<'_>) -> String {
        let world = |pick: Pick| match pick.below(4) {
            0 => pick.text(&world::FREE_ACTIONS).to_owned(),
            _ => pick.of(scene.topics).map_or("s3:GetObject", |topic| topic.action).to_owned(),
        };
        if let Some(foreign) = self.foreign {
            return world(foreign);
        }
        let telling = |pattern: &ActionPattern| *pattern != ActionPattern::All;
        let pattern = self.pattern(scene, |statement| Some(&statement.actions), telling);
        let Some(ActionPattern::Named(pattern)) = pattern else { return world(self.entry) };
        let filling = Filling { pick: self.fill, value: &|_| None };
        let (service, name) = (filling.fill(pattern.service()), pattern.name());
        let name = self.known_action(&service, name).unwrap_or_else(|| filling.fill(name));
        // What is no action is refused (Rule L26), which teaches nothing about evaluators.
        let service: String = service.chars().filter(char::is_ascii_alphanumeric).collect();
        let name = self.twist.apply(&name).replace(['*', '?', ':'], "");
        let or = |text: String, other: &str| if text.is_empty() { other.to_owned() } else { text };
        format!("{}:{}", or(service, "s3"), or(name, "x"))
    }

    /// An action of the world that begins as the pattern does: more telling than a filled wildcard.
    fn known_action(&self, service: &str, name: Tokens<'_>) -> Option<String> {
        let mut tokens = name.iter();
        let beginning = match (tokens.next(), tokens.next()) {
            (Some(Token::AnyRun), _) => "",
            (Some(Token::Literal(beginning)), Some(_)) => beginning,
            _ => return None,
        };
        let topics = world::TOPICS.iter().chain(&world::TRUST_TOPICS);
        let actions = topics.filter_map(|topic| topic.action.split_once(':'));
        let known = actions.filter(|(of, name)| of.eq_ignore_ascii_case(service) && name.starts_with(beginning));
        let known: Vec<&str> = known.map(|(_, name)| name).collect();
        if self.fill.below(4) == 3 { None } else { self.fill.of(&known).map(|name| (*name).to_owned()) }
    }

    /// `value` tells what variables stand for.
    pub(super) fn resource(&self, scene: &Scene<'_>, value: &dyn Fn(&str) -> Option<String>) -> String {
        let world = |pick: Pick| pick.of(scene.topics).map_or("*", |topic| topic.resource).to_owned();
        if let Some(foreign) = self.foreign {
            return world(foreign);
        }
        let telling = |pattern: &ResourcePattern| !pattern.is_all();
        let pattern = self.pattern(scene, |statement| statement.resources.as_ref(), telling);
        let Some(ResourcePattern::Arn(pattern)) = pattern else { return world(self.entry) };
        let [heads @ .., resource] = pattern.fields();
        let is_open = heads.iter().any(|head| head.as_literal().is_none()) || resource.iter().eq([Token::AnyRun]);
        // A pattern with open heads is best met by a resource of the world.
        let known = if is_open { self.known_resource(scene, pattern) } else { None };
        let text =
            known.or_else(|| Filling { pick: self.fill, value }.fill_arn(pattern)).unwrap_or_else(|| world(self.entry));
        match Arn::parse(&text) {
            Some(arn) => {
                let [arn, partition, service, region, account, resource] = arn.fields();
                [arn, partition, service, region, account, &*self.twist.apply(resource)].join(":")
            }
            None => text,
        }
    }

    /// A resource of the world whose first five fields the pattern does not exclude.
    fn known_resource(&self, scene: &Scene<'_>, pattern: &ArnTemplate) -> Option<String> {
        let fits = |resource: &&str| {
            Arn::parse(resource).is_some_and(|arn| {
                let mut heads = pattern.fields().into_iter().zip(arn.fields()).take(5);
                heads.all(|(template, field)| template.as_literal().is_none_or(|literal| literal == field))
            })
        };
        let known: Vec<&str> = scene.topics.iter().map(|topic| topic.resource).filter(fits).collect();
        self.fill.of(&known).map(|resource| (*resource).to_owned())
    }
}

/// Turns a pattern into a text that it matches.
pub(super) struct Filling<'a> {
    /// What wildcards become.
    pub pick: Pick,
    /// What variables become.
    pub value: &'a dyn Fn(&str) -> Option<String>,
}

impl Filling<'_> {
    pub(super) fn fill(&self, tokens: Tokens<'_>) -> String {
        let piece = |(turn, token)| match token {
            Token::Literal(text) => text.to_string(),
            Token::AnyRun => self.pick.turned(turn).text(&world::FILLERS).to_owned(),
            Token::AnyOne => self.pick.turned(turn).text(&["x", "e", "*", "?", "é", "/"]).to_owned(),
            Token::Variable(variable) => {
                let default = || variable.default.unwrap_or("alice").to_owned();
                (self.value)(variable.key).filter(|value| !value.is_empty()).unwrap_or_else(default)
            }
        };
        tokens.iter().enumerate().map(piece).collect()
    }

    /// `None` if the partition would be none.
    fn fill_arn(&self, pattern: &ArnTemplate) -> Option<String> {
        let [heads @ .., resource] = pattern.fields();
        let heads: Vec<String> = heads.into_iter().map(|head| self.fill(head).replace(':', "")).collect();
        let is_known = heads.get(1).is_some_and(|partition| partition.starts_with("aws"));
        is_known.then(|| format!("{}:{}", heads.join(":"), self.fill(resource)))
    }
}
