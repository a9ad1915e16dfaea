//! The options that name policies, one for each kind.

use std::path::{Path, PathBuf};

use clap::Args;

use super::input::Input;
use super::stop::Stop;
use crate::cases::policies::{LevelTexts, PolicyTexts, Text, Written};
use crate::document::{Document, PolicyKind};

/// The policies of one question.
#[derive(Debug, Args)]
#[command(next_help_heading = "Policies")]
pub(super) struct Policies {
    /// Identity-based policies of the caller. Here and below, a FILE of `-` is standard input
    #[arg(long, visible_alias = "identity-policy", value_name = "FILE", num_args = 1..)]
    policy: Vec<PathBuf>,

    /// Permissions boundary of the caller
    #[arg(long, value_name = "FILE")]
    boundary: Option<PathBuf>,

    #[command(flatten)]
    session: SessionPolicies,

    /// Policy of the resource; of the role, if the action assumes one
    #[arg(long, value_name = "FILE")]
    resource_policy: Option<PathBuf>,

    /// Service control policy of a level; the level named first is the organization root
    #[arg(long, value_name = "LEVEL=FILE", value_parser = level_file)]
    scp: Vec<LevelFile>,

    /// Resource control policy of a level; the level named first is the organization root
    #[arg(long, value_name = "LEVEL=FILE", value_parser = level_file)]
    rcp: Vec<LevelFile>,

    /// Policy of the VPC endpoint the request comes through
    #[arg(long, value_name = "FILE")]
    endpoint_policy: Option<PathBuf>,
}

/// The session policies, which a session of an identity pool can be given too.
#[derive(Debug, Args)]
#[command(next_help_heading = "Policies")]
pub(super) struct SessionPolicies {
    /// Session policies. With an identity pool, those of the client in the basic flow
    #[arg(long, value_name = "FILE", num_args = 1..)]
    session_policy: Vec<PathBuf>,
}

/// What `--scp` and `--rcp` take.
#[derive(Debug, Clone)]
struct LevelFile {
    level: String,
    file: PathBuf,
}

fn level_file(text: &str) -> Result<LevelFile, &'static str> {
    match text.split_once('=') {
        Some((level, file)) if !level.is_empty() && !file.is_empty() => {
            Ok(LevelFile { level: level.to_owned(), file: file.into() })
        }
        _ => Err("expected LEVEL=FILE"),
    }
}

impl Policies {
    /// Reads all of them, without parsing any: what the resource's policy is read as depends on the request.
    pub(super) fn read(&self, input: &mut Input) -> Result<PolicyTexts, Stop> {
        if self.is_empty() {
            return Err(Stop::mistake("no policy is given: expected `--policy FILE`, or a policy of another kind"));
        }
        self.texts(&self.session.session_policy, input)
    }

    /// Reads those that stand beside the policies of a session of an identity pool. Its role has its own.
    pub(super) fn read_beside_session(&self, input: &mut Input) -> Result<PolicyTexts, Stop> {
        let of_role = [("--policy", !self.policy.is_empty()), ("--boundary", self.boundary.is_some())];
        match of_role.iter().find(|(_, is_given)| *is_given) {
            Some((option, _)) => Err(Stop::mistake(format_args!(
                "`{option}` and `--pool` cannot be used together: the role of the session has its own policies"
            ))),
            None => self.texts(&[], input),
        }
    }

    /// Reads those that stand beside an environment: what belongs to a session, or to the way through the network.
    pub(super) fn read_beside_environment(&self, input: &mut Input) -> Result<Vec<Document>, Stop> {
        let Policies { policy, boundary, session, resource_policy, scp, rcp, endpoint_policy } = self;
        let kept = [
            ("--policy", !policy.is_empty()),
            ("--boundary", boundary.is_some()),
            ("--resource-policy", resource_policy.is_some()),
            ("--scp", !scp.is_empty()),
            ("--rcp", !rcp.is_empty()),
        ];
        if let Some((option, _)) = kept.iter().find(|(_, is_given)| *is_given) {
            return Err(Stop::mistake(format_args!(
                "`{option}` and `--env` cannot be used together: the environment has policies of that kind"
            )));
        }
        let mut documents = session.parse(input)?;
        if let Some(path) = endpoint_policy {
            let source = input.document(path)??;
            documents.push(Document::parse(PolicyKind::Endpoint, source.name(), source.text())?);
        }
        Ok(documents)
    }

    /// The session policies alone.
    pub(super) fn session(&self) -> &SessionPolicies {
        &self.session
    }

    fn texts(&self, session: &[PathBuf], input: &mut Input) -> Result<PolicyTexts, Stop> {
        let mut read = |path: &PathBuf| text(input, path);
        Ok(PolicyTexts {
            identity: self.policy.iter().map(&mut read).collect::<Result<_, _>>()?,
            boundary: self.boundary.as_ref().map(&mut read).transpose()?,
            session: session.iter().map(&mut read).collect::<Result<_, _>>()?,
            resource: self.resource_policy.as_ref().map(&mut read).transpose()?,
            service_control: levels(&self.scp, input)?,
            resource_control: levels(&self.rcp, input)?,
            endpoint: self.endpoint_policy.as_ref().map(|path| text(input, path)).transpose()?,
        })
    }

    fn is_empty(&self) -> bool {
        let Policies { policy, boundary, session, resource_policy, scp, rcp, endpoint_policy } = self;
        let single = [boundary, resource_policy, endpoint_policy];
        [policy, &session.session_policy].iter().all(|files| files.is_empty())
            && [scp, rcp].iter().all(|levels| levels.is_empty())
            && single.iter().all(|file| file.is_none())
    }
}

/// Identity-based policies alone.
pub(super) fn identity(files: &[PathBuf], input: &mut Input) -> Result<PolicyTexts, Stop> {
    let identity = files.iter().map(|path| text(input, path)).collect::<Result<_, _>>()?;
    Ok(PolicyTexts { identity, ..PolicyTexts::default() })
}

fn text(input: &mut Input, path: &Path) -> Result<Text, Stop> {
    Ok(input.document(path)?.map(Written::from))
}

impl SessionPolicies {
    /// Reads and parses them.
    pub(super) fn parse(&self, input: &mut Input) -> Result<Vec<Document>, Stop> {
        let mut documents = Vec::new();
        for path in &self.session_policy {
            let source = input.document(path)??;
            documents.push(Document::parse(PolicyKind::Session, source.name(), source.text())?);
        }
        Ok(documents)
    }
}

/// Levels in the order in which they are first named.
fn levels(files: &[LevelFile], input: &mut Input) -> Result<Vec<LevelTexts>, Stop> {
    let mut levels: Vec<LevelTexts> = Vec::new();
    for LevelFile { level, file } in files {
        let text = text(input, file)?;
        match levels.iter_mut().find(|known| known.name == *level) {
            Some(known) => known.documents.push(text),
            None => levels.push(LevelTexts { name: level.clone(), documents: vec![text] }),
        }
    }
    Ok(levels)
}
