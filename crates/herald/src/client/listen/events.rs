//! The format of server-sent events, as WHATWG has it: lines of `field: value`, an empty line ends
//! an event, a line that begins with a colon says nothing.

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Event {
    /// `message`, if none was given.
    pub(super) name: String,
    pub(super) data: String,
    /// The last id that was given, perhaps by an event before.
    pub(super) id: Option<String>,
}

/// Longest line: a notification of 256 KiB is a third longer in base64.
const LONGEST: usize = 16 << 20;

/// A line is longer than any that Herald sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLong;

/// Makes events of bytes that come in any pieces.
#[derive(Debug, Default)]
pub(super) struct Parser {
    line: Vec<u8>,
    /// The last byte was a CR: an LF that follows belongs to it.
    after_return: bool,
    begun: bool,
    name: String,
    data: Option<String>,
    id: Option<String>,
}

impl Parser {
    /// Reads some more; answers the events that are complete now.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Vec<Event>, TooLong> {
        let mut events = Vec::new();
        for &byte in bytes {
            let after_return = std::mem::replace(&mut self.after_return, byte == b'\r');
            match byte {
                b'\n' if after_return => (),
                b'\n' | b'\r' => events.extend(self.end_of_line()),
                _ if self.line.len() >= LONGEST => return Err(TooLong),
                _ => self.line.push(byte),
            }
        }
        Ok(events)
    }

    fn end_of_line(&mut self) -> Option<Event> {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        let first = !std::mem::replace(&mut self.begun, true);
        let line = if first { line.trim_start_matches('\u{feff}') } else { &line };
        if line.is_empty() {
            return self.end_of_event();
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            _ => (),
        }
        None
    }

    fn end_of_event(&mut self) -> Option<Event> {
        let name = std::mem::take(&mut self.name);
        let data = self.data.take()?;
        let name = if name.is_empty() { "message".into() } else { name };
        Some(Event { name, data, id: self.id.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "\u{feff}: hello\r\n\r\nevent: request\r\nid: 1\r\ndata: {\"a\":\r\ndata: 1}\r\n\r\n\
                          retry: 10\n\ndata:x\rid:2\r\rid\nevent: end\ndata\n\ndata: never ended\n";

    fn event(name: &str, data: &str, id: &str) -> Event {
        Event { name: name.into(), data: data.into(), id: Some(id.into()) }
    }

    #[test]
    fn events_come_out_the_same_in_whatever_pieces_the_bytes_come() {
        let expected = [
            event("request", "{\"a\":\n1}", "1"),
            event("message", "x", "2"),
            event("end", "", ""),
        ];
        for size in 1..=STREAM.len() {
            let mut parser = Parser::default();
            let pieces = STREAM.as_bytes().chunks(size);
            let events: Vec<_> = pieces.flat_map(|piece| parser.push(piece).unwrap()).collect();
            assert_eq!(events, expected, "in pieces of {size}");
        }
    }

    #[test]
    fn a_line_without_an_end_is_given_up() {
        let mut parser = Parser::default();
        let piece = vec![b'a'; LONGEST];
        assert_eq!(parser.push(&piece), Ok(vec![]));
        assert_eq!(parser.push(b"a"), Err(TooLong));
    }
}
