//! The options that say where an identity pool is written down.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::input::{self, Input};
use super::stop::Stop;
use crate::cognito::{Login, Pool, PoolFolder, Roles};
use crate::environment::Environment;
use crate::source::Source;

/// The files of a pool.
#[derive(Debug, Args)]
#[command(next_help_heading = "Identity pool")]
pub(super) struct PoolFiles {
    /// An identity pool. With an environment, its id. A folder holds the outputs of `aws cognito-identity`, and beside them roles.json,
    /// oidc-providers.json and list-groups.json; its other JSON files are refused, but for *.test.json. A file is one
    /// such output, a CloudFormation template, or the JSON of a Terraform plan
    #[arg(long, value_name = "DIR|FILE|ID")]
    pool: Option<PathBuf>,

    /// The roles of a pool that is one file, in the form of roles.json
    #[arg(long, value_name = "JSON", requires = "pool")]
    roles: Option<PathBuf>,

    /// What a template knows only when it is deployed: Pool=ID, UserPool.ProviderName=TEXT; of a Terraform plan, id=ID
    #[arg(long, value_name = "NAME=VALUE", value_parser = name_value, requires = "pool")]
    pool_value: Vec<(String, String)>,

    /// Which pool of a template, if there are several: its logical id, in a Terraform plan its address
    #[arg(long, value_name = "NAME", requires = "pool")]
    pool_name: Option<String>,
}

/// A pool, and the environment it belongs to.
pub(super) struct FoundPool<'e> {
    pub folder: PoolFolder,
    environment: Option<&'e Environment>,
}

impl FoundPool<'_> {
    /// Loads the roles of an environment that a login may lead to: there may be thousands that it does not.
    pub(super) fn load_roles(&mut self, logins: &[Login], asked: &[&str]) -> Result<(), Stop> {
        let Some(environment) = self.environment else { return Ok(()) };
        let named = logins.iter().flat_map(Login::named_roles).chain(asked.iter().copied());
        self.folder = environment.identity_pool(self.folder.pool.id(), named)?;
        Ok(())
    }
}

/// `NAME=VALUE`.
pub(super) fn name_value(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE"),
    }
}

/// What a file of a pool is, by its members.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Output,
    CloudFormation,
    Terraform,
}

impl PoolFiles {
    pub(super) fn is_given(&self) -> bool {
        self.pool.is_some()
    }

    /// Reads the pool, and says where its roles are found.
    pub(super) fn read<'e>(
        &self,
        environment: Option<&'e Environment>,
        input: &mut Input,
    ) -> Result<FoundPool<'e>, Stop> {
        let Some(path) = &self.pool else {
            return Err(Stop::mistake("no identity pool is given: expected `--pool DIR`"));
        };
        let folder = match environment {
            Some(environment) => {
                self.refuse_options("an environment")?;
                environment.identity_pool(&path.to_string_lossy(), [])?
            }
            None if path.is_dir() => self.folder(path, input)?,
            None => self.file(path, input)?,
        };
        Ok(FoundPool { folder, environment })
    }

    /// What is for a pool that is one file is a mistake with any other.
    fn refuse_options(&self, found: &str) -> Result<(), Stop> {
        let unused = [
            ("--roles", self.roles.is_some()),
            ("--pool-value", !self.pool_value.is_empty()),
            ("--pool-name", self.pool_name.is_some()),
        ];
        match unused.iter().find(|(_, is_given)| *is_given) {
            Some((option, _)) => {
                Err(Stop::mistake(format_args!("`{option}` is for a pool that is one file: found {found}")))
            }
            None => Ok(()),
        }
    }

    fn folder(&self, path: &Path, input: &mut Input) -> Result<PoolFolder, Stop> {
        self.refuse_options(&format!("the folder `{}`", path.display()))?;
        let mut files = Vec::new();
        for file in input::json_files(path)? {
            let source = input.document(&file)??;
            files.push((source.name().to_owned(), source.text().to_owned()));
        }
        if files.is_empty() {
            return Err(Stop::mistake(format_args!("no pool in `{}`: found no JSON file", path.display())));
        }
        Ok(PoolFolder::read(files, input::referred)?)
    }

    fn file(&self, path: &Path, input: &mut Input) -> Result<PoolFolder, Stop> {
        let source = input.document(path)??;
        let pool = self.pool_of(&source)?;
        let roles = match &self.roles {
            Some(path) => {
                let source = input.document(path)??;
                Roles::read(source.name(), source.text(), input::referred)?
            }
            None => Roles::new(),
        };
        Ok(PoolFolder { pool, roles, groups: Vec::new() })
    }

    fn pool_of(&self, source: &Source) -> Result<Pool, Stop> {
        let (name, text) = (source.name(), source.text());
        let wanted = self.pool_name.as_deref();
        let mut values: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in &self.pool_value {
            if values.insert(name.clone(), value.clone()).is_some() {
                return Err(Stop::mistake(format_args!("`--pool-value {name}` is given twice: expected it once")));
            }
        }
        match form(text) {
            Form::CloudFormation => Ok(Pool::from_cloudformation(name, text, &values, wanted)?),
            Form::Terraform => {
                let id = values.remove("id");
                match values.keys().next() {
                    None => Ok(Pool::from_terraform(name, text, wanted, id.as_deref())?),
                    Some(other) => {
                        let message = format!("a Terraform plan lacks the id of the pool only: found `{other}=`");
                        Err(Stop::mistake(message + ", expected `id=`"))
                    }
                }
            }
            Form::Output if values.is_empty() && wanted.is_none() => Ok(Pool::parse(name, text)?),
            Form::Output => {
                let message = format!("`{name}` is no template: expected neither `--pool-value` nor `--pool-name`");
                Err(Stop::mistake(message))
            }
        }
    }
}

/// What cannot be read is left to the reader of outputs, which says why.
fn form(text: &str) -> Form {
    #[derive(Deserialize)]
    struct Members {
        #[serde(rename = "Resources")]
        resources: Option<IgnoredAny>,
        planned_values: Option<IgnoredAny>,
        terraform_version: Option<IgnoredAny>,
    }
    match serde_json::from_str(text) {
        Ok(Members { resources: Some(_), .. }) => Form::CloudFormation,
        Ok(Members { planned_values: Some(_), .. } | Members { terraform_version: Some(_), .. }) => Form::Terraform,
        _ => Form::Output,
    }
}
