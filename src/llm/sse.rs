//! Server-sent events (WHATWG HTML, "Server-sent events", interpreting an event stream): bytes in, the data of each event out.
//!
//! Names, ids and retry times are not used by completions and are skipped, as comments (keep-alive) are.

/// The decoder of one stream.
#[derive(Debug, Default)]
pub(super) struct EventStream {
    line: Vec<u8>,
    data: Option<String>,
    /// The last byte was a carriage return: a line feed after it ends no second line.
    returned: bool,
}

impl EventStream {
    /// Takes bytes as they come; gives the data of each event that they complete.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut events = Vec::new();
        for byte in bytes {
            let after_return = std::mem::replace(&mut self.returned, *byte == b'\r');
            match byte {
                b'\n' if after_return => {}
                b'\n' | b'\r' => events.extend(self.end_line()),
                byte => self.line.push(*byte),
            }
        }
        events
    }

    fn end_line(&mut self) -> Option<String> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            return self.data.take();
        }
        let line = String::from_utf8_lossy(&line);
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        if field == "data" {
            match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(stream: &str) -> Vec<String> {
        EventStream::default().push(stream.as_bytes())
    }

    #[test]
    fn events_are_told_apart() {
        let check =
            |stream: &str, expected: &[&str]| assert_eq!(all(stream), expected, "{stream:?}");
        check("data: 一\n\ndata: 二\n\n", &["一", "二"]);
        check("data:一\r\n\r\ndata: 二\r\r", &["一", "二"]);
        check(": keep-alive\n\ndata: 一\nid: 7\nevent: x\n\n", &["一"]);
        check("data: a\ndata: b\n\n", &["a\nb"]);
        check("data\n\n", &[""]);
        check("data: never ended\n", &[]);
        check("\n\n\n", &[]);
    }

    proptest! {
        #[test]
        fn where_bytes_are_cut_changes_nothing(stream in "(data: [a一:]{0,3}|: x|)(\n|\r\n){1,2}.{0,12}", cut in 0_usize..40) {
            let bytes = stream.as_bytes();
            let (head, tail) = bytes.split_at(cut.min(bytes.len()));
            let mut decoder = EventStream::default();
            let mut events = decoder.push(head);
            events.extend(decoder.push(tail));
            prop_assert_eq!(events, all(&stream));
        }
    }
}
