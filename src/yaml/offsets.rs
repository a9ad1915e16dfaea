//! Places counted in characters, as the parser of YAML counts them, as places in bytes.

use crate::source::Span;

/// Characters between two remembered places.
const BLOCK: usize = 256;

/// Finds the byte at which a character of a text begins.
pub(super) struct Offsets<'t> {
    text: &'t str,
    /// The byte at which every [`BLOCK`]th character begins; empty if the text is ASCII, where both are the same.
    blocks: Vec<usize>,
}

impl<'t> Offsets<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let blocks = match text.is_ascii() {
            true => Vec::new(),
            false => text.char_indices().step_by(BLOCK).map(|(at, _)| at).collect(),
        };
        Offsets { text, blocks }
    }

    /// The byte at which a character begins; the end of the text if it has fewer characters.
    pub(super) fn byte(&self, character: usize) -> usize {
        if self.blocks.is_empty() {
            return character.min(self.text.len());
        }
        let Some(&block) = self.blocks.get(character / BLOCK) else { return self.text.len() };
        let rest = self.text.get(block..).unwrap_or_default();
        rest.char_indices().nth(character % BLOCK).map_or(self.text.len(), |(at, _)| block + at)
    }

    pub(super) fn span(&self, span: saphyr_parser::Span) -> Span {
        Span::new(self.byte(span.start.index()), self.byte(span.end.index()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_is_found() {
        for text in [String::new(), "abc".repeat(300), "aé€𝄞".repeat(300)] {
            let offsets = Offsets::new(&text);
            for (character, (byte, _)) in text.char_indices().enumerate() {
                assert_eq!(offsets.byte(character), byte);
            }
            assert_eq!(offsets.byte(text.chars().count()), text.len());
            assert_eq!(offsets.byte(usize::MAX), text.len());
        }
    }
}
