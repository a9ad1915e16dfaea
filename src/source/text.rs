//! Texts that share what they were read from.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Deref, Range};
use std::sync::Arc;

/// A text that may be a part of a larger one, which it then keeps and shares: a policy holds dozens of strings, and
/// their parts, and none of them is copied.
///
/// # Examples
///
/// ```
/// use iamtree::source::Text;
///
/// let text = Text::from("s3:GetObject");
/// assert_eq!(&*text, "s3:GetObject");
/// ```
#[derive(Clone)]
pub struct Text {
    whole: Arc<str>,
    /// In 32 bits, because there are many of them: a part that ends further on is a copy.
    start: u32,
    end: u32,
}

/// Stands for the end of a text that is its own whole.
const WHOLE: u32 = u32::MAX;

impl Text {
    /// A part of a text; none if it is not one.
    fn of(whole: &Arc<str>, Range { start, end }: Range<usize>) -> Option<Self> {
        let part = whole.get(start..end)?;
        Some(match (u32::try_from(start), u32::try_from(end)) {
            (Ok(start), Ok(end)) if end != WHOLE => Text { whole: Arc::clone(whole), start, end },
            _ => Text::from(part),
        })
    }

    /// The same as `part`. If that lies inside `whole`, as parsers of it yield them, it is shared, else copied.
    pub(super) fn share(whole: &Arc<str>, part: &str) -> Self {
        // Addresses only say where to look: what is shared is a part of the text by its place in it.
        let start = part.as_ptr().addr().wrapping_sub(whole.as_ptr().addr());
        let end = start.wrapping_add(part.len());
        Text::of(whole, start..end).unwrap_or_else(|| Text::from(part))
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        if self.end == WHOLE {
            &self.whole
        } else {
            self.whole.get(self.start as usize..self.end as usize).unwrap_or_default()
        }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Text { whole: text.into(), start: 0, end: WHOLE }
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Text {}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_shared_and_strangers_copied() {
        let whole = Arc::<str>::from("arn:é:s3");
        let part = Text::share(&whole, whole.split(':').nth(1).unwrap());
        assert_eq!((&*part, Arc::ptr_eq(&part.whole, &whole)), ("é", true));
        assert!(Arc::ptr_eq(&Text::share(&whole, &part).whole, &whole));
        let stranger = String::from("é");
        let copied = Text::share(&whole, &stranger);
        assert_eq!((copied == part, Arc::ptr_eq(&copied.whole, &whole)), (true, false));
        assert_eq!(&*Text::share(&whole, ""), "");
    }

    #[test]
    fn a_text_is_compared_by_what_it_says() {
        assert_eq!(Text::from("a"), Text::share(&"ba".into(), "a"));
        assert_eq!(format!("{:?} {}", Text::from("a\""), Text::from("b")), r#""a\"" b"#);
    }
}
