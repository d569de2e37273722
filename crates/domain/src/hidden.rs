//! Characters that a text from outside may not bring to people as they are.

/// Whether a character cannot be seen, or changes how what stands beside it is seen: control
/// characters, those that change the direction of a text, and those that take no room in it.
/// Whoever shows a stranger's text says what stands in their place.
///
/// A line's end and a tab count too; whoever shows them as what they are lets them through.
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_or_turns_a_text_around_is_hidden_and_what_is_read_is_not() {
        for hidden in [
            '\0',
            '\t',
            '\n',
            '\r',
            '\u{1b}',
            '\u{7f}',
            '\u{85}',
            '\u{9b}',
            '\u{61c}',
            '\u{200b}',
            '\u{200d}',
            '\u{200f}',
            '\u{2028}',
            '\u{202a}',
            '\u{202e}',
            '\u{2060}',
            '\u{2066}',
            '\u{2069}',
            '\u{feff}',
            '\u{fffb}',
            '\u{e0041}',
        ] {
            assert!(is_hidden(hidden), "{}", hidden.escape_unicode());
        }
        for shown in
            [' ', 'a', 'é', '\u{a0}', '\u{301}', 'א', '\u{200a}', '\u{2010}', '🦉', '\u{fffd}']
        {
            assert!(!is_hidden(shown), "{}", shown.escape_unicode());
        }
    }
}
