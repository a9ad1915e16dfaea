//! Principal tags (Rules C34, C50 to C54, C58): what a session is tagged with.

use super::error::{Reason, Refusal};
use super::login::Admitted;
use super::names::is_tag_character;
use super::pool::Pool;
use super::provider::ProviderKind;
use crate::source::quote;

/// One session tag, and where it comes from. It has no `Debug`: its value is personal data (Rule C37).
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Tag {
    pub key: Box<str>,
    pub value: Box<str>,
    /// The login key of the provider whose map or back end gave it.
    pub provider: Box<str>,
    /// The claim it is filled from; none for those of a back end.
    pub claim: Option<Box<str>>,
}

/// How many tags a session may have (Rule C53).
const MOST_TAGS: usize = 50;

/// The tags of all logins: each login's are checked by themselves, then they are united (Rule C58).
pub(super) fn tags(pool: &Pool, logins: &[Admitted<'_>]) -> Result<Vec<Tag>, Refusal> {
    let each: Vec<Vec<Tag>> = logins.iter().map(|login| tags_of(pool, login)).collect::<Result<_, _>>()?;
    let mut united: Vec<Tag> = Vec::new();
    for tag in each.into_iter().flatten() {
        match united.iter().find(|known| known.key.eq_ignore_ascii_case(&tag.key)) {
            None => united.push(tag),
            Some(known) if (&known.key, &known.value) == (&tag.key, &tag.value) => {}
            Some(known) => {
                let message = format!(
                    "a tag is given twice: found {} of {} and {} of {} with another spelling or value",
                    quote(&known.key),
                    quote(&known.provider),
                    quote(&tag.key),
                    quote(&tag.provider)
                );
                return Err(Refusal::new(Reason::TagConflict, "C58", message));
            }
        }
    }
    check_count(united.len())?;
    Ok(united)
}

/// Rules C34, C50, C51 and C53 for one login.
fn tags_of(pool: &Pool, login: &Admitted<'_>) -> Result<Vec<Tag>, Refusal> {
    let provider: Box<str> = login.provider.login_key().into();
    let mut tags = Vec::new();
    if login.provider.kind() == ProviderKind::Developer {
        let given = login.login.tags_of_developer().iter().cloned();
        tags.extend(given.map(|(key, value)| Tag { key, value, provider: provider.clone(), claim: None }));
    }
    for (key, claim) in pool.tag_map(login.provider).into_iter().flat_map(|map| map.tags()) {
        // Rule C51: an absent claim leaves the tag out.
        let Some(value) = login.claim(claim) else { continue };
        let Some(text) = value.text() else {
            let message = format!("the tag {} has no text: the claim {} is none", quote(key), quote(claim));
            return Err(Refusal::new(Reason::IllegalTag, "C53", message));
        };
        let (value, claim) = (text.into(), Some(claim.into()));
        tags.push(Tag { key: key.into(), value, provider: provider.clone(), claim });
    }
    tags.iter().try_for_each(check)?;
    check_count(tags.len())?;
    Ok(tags)
}

/// Rule C53: what STS takes. Messages name the tag, never its value (Rule C37).
fn check(tag: &Tag) -> Result<(), Refusal> {
    let parts = [("key", &tag.key, 1, 128), ("value", &tag.value, 0, 256)];
    for (part, text, least, most) in parts {
        let length = text.chars().count();
        let is_reserved = text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:"));
        let why = match () {
            () if !(least..=most).contains(&length) => format!("has {length} characters, expected {least} to {most}"),
            () if is_reserved => "begins with `aws:`".to_owned(),
            () if !text.chars().all(is_tag_character) => {
                "holds a character that is no letter, number, blank or one of `_.:/=+-@`".to_owned()
            }
            () => continue,
        };
        let message = format!("the {part} of the tag {} {why}", quote(&tag.key));
        return Err(Refusal::new(Reason::IllegalTag, "C53", message));
    }
    Ok(())
}

fn check_count(count: usize) -> Result<(), Refusal> {
    if count <= MOST_TAGS {
        return Ok(());
    }
    let message = format!("too many tags: found {count}, expected at most {MOST_TAGS}");
    Err(Refusal::new(Reason::IllegalTag, "C53", message))
}
