//! What the other side reports of a push (gitprotocol-pack, "Report Status"): whether it took the objects.
//! It never judges a branch; libgit2 hands on what is said of each.

/// The report of one push, overheard as it comes.
#[derive(Clone, Debug, Default)]
pub(super) struct Report {
    outer: Lines,
    inner: Lines,
    unpacked: Option<bool>,
}

/// Lines that each stand behind their length, of which the last may not be whole yet.
#[derive(Clone, Debug, Default)]
struct Lines {
    pending: Vec<u8>,
    is_over: bool,
}

impl Lines {
    /// The lines that are whole with `bytes`. A length that is none ends it.
    fn feed(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        if self.is_over {
            return lines;
        }
        self.pending.extend_from_slice(bytes);
        let pending = std::mem::take(&mut self.pending);
        let mut rest = pending.as_slice();
        while let Some((head, after)) = rest.split_at_checked(4) {
            let length = std::str::from_utf8(head).ok().and_then(|hex| usize::from_str_radix(hex, 16).ok());
            let Some(length) = length.filter(|length| *length == 0 || *length >= 4) else {
                self.is_over = true;
                return lines;
            };
            let Some((line, after)) = after.split_at_checked(length.saturating_sub(4)) else { break };
            lines.push(line.to_vec());
            rest = after;
        }
        self.pending = rest.to_vec();
        lines
    }
}

impl Report {
    /// Takes in the next bytes of the other side's answer, in bands or without.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        for line in self.outer.feed(bytes) {
            match line.split_first() {
                Some((1, words)) => {
                    for line in self.inner.feed(words) {
                        self.line(&line);
                    }
                }
                Some((2 | 3, _)) | None => {} // words for people; the end
                Some(_) => self.line(&line),
            }
        }
    }

    fn line(&mut self, line: &[u8]) {
        if let Some(result) = line.strip_prefix(b"unpack ") {
            self.unpacked.get_or_insert(result.trim_ascii_end() == b"ok");
        }
    }

    /// Whether it says that the objects were not taken.
    pub(super) fn refuses_objects(&self) -> bool {
        self.unpacked == Some(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packet(bytes: &[u8]) -> Vec<u8> {
        [format!("{:04x}", bytes.len() + 4).as_bytes(), bytes].concat()
    }

    fn banded(result: &str) -> Vec<u8> {
        let report = [packet(format!("unpack {result}\n").as_bytes()), b"0000".to_vec()].concat();
        let (first, second) = report.split_at(7); // a band cuts where it likes
        let words = packet(b"\x02remote: unpack nothing\n");
        let cut = [packet(&[b"\x01", first].concat()), packet(&[b"\x01", second].concat())];
        [words, cut.concat(), b"0000".to_vec()].concat()
    }

    fn refuses(bytes: &[u8]) -> bool {
        let mut report = Report::default();
        report.feed(bytes);
        report.refuses_objects()
    }

    #[test]
    fn objects_are_refused_by_the_word_of_the_protocol_alone() {
        assert!(refuses(&banded("index-pack abnormal exit")) && refuses(&packet(b"unpack unpacker error\n")));
        assert!(!refuses(&banded("ok")) && !refuses(&packet(b"unpack ok\n")));
        assert!(!refuses(&packet(b"ng refs/heads/main unpack failed\n")), "that is said of a branch");
        assert!(!refuses(&packet(b"\x02unpack failed\n")), "those are words for people");
        assert!(!refuses(b""));
    }

    proptest! {
        #[test]
        fn cuts_between_reads_do_not_matter(cut in 0usize..80) {
            let bytes = banded("no space");
            let (first, second) = bytes.split_at(cut.min(bytes.len()));
            let mut report = Report::default();
            report.feed(first);
            report.feed(second);
            prop_assert!(report.refuses_objects());
        }

        #[test]
        fn any_words_are_overheard_without_panic(bytes: Vec<u8>) {
            let _ = refuses(&bytes);
        }
    }
}
