//! Bytes of another encoding, read as UTF-8.

use std::io::{self, Read};

use encoding_rs::{CoderResult, Decoder, Encoding};

/// Bytes that are read at once.
const READ_BYTES: usize = 256 << 10;

/// What `from` gives, as UTF-8; what cannot be read becomes U+FFFD. A byte order mark has the last word about the encoding,
/// and goes.
pub(super) struct Decoded<R> {
    from: R,
    decoder: Decoder,
    /// What was read, and how much of it was decoded.
    raw: Vec<u8>,
    taken: usize,
    ended: bool,
    finished: bool,
}

impl<R: Read> Decoded<R> {
    pub(super) fn new(from: R, encoding: &'static Encoding) -> Self {
        Self { from, decoder: encoding.new_decoder(), raw: Vec::new(), taken: 0, ended: false, finished: false }
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.finished {
            if self.taken == self.raw.len() && !self.ended {
                self.raw.resize(READ_BYTES, 0);
                let read = self.from.read(&mut self.raw);
                self.raw.truncate(*read.as_ref().unwrap_or(&0));
                self.taken = 0;
                self.ended = read? == 0;
            }
            let (result, taken, written, _) = self.decoder.decode_to_utf8(&self.raw[self.taken..], buffer, self.ended);
            self.taken += taken;
            self.finished = self.ended && result == CoderResult::InputEmpty;
            if written > 0 {
                return Ok(written);
            }
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_reads_the_text_is_the_same() {
        let text = "가나다 010-1234-5678 똠방각하\n".repeat(40);
        let (bytes, _, _) = encoding_rs::EUC_KR.encode(&text);
        for step in [1, 2, 3, 7, 64, 4096] {
            struct Slow<'a>(&'a [u8], usize);
            impl Read for Slow<'_> {
                fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                    let step = buffer.len().min(self.1);
                    self.0.read(&mut buffer[..step])
                }
            }
            let mut decoded = Decoded::new(Slow(&bytes, step), encoding_rs::EUC_KR);
            let (mut out, mut buffer) = (Vec::new(), [0; 64]);
            loop {
                match decoded.read(&mut buffer).expect("memory can be read") {
                    0 => break,
                    read => out.extend_from_slice(&buffer[..read]),
                }
            }
            assert_eq!(String::from_utf8_lossy(&out), text, "reads of {step}");
        }
    }

    #[test]
    fn a_mark_has_the_last_word_and_a_broken_end_is_told() {
        let rows: [(&[u8], &str); 4] =
            [(b"\xEF\xBB\xBF\xEA\xB0\x80", "가"), (b"\xFF\xFE\x00\xAC", "가"), (b"a\xB0", "a\u{FFFD}"), (b"", "")];
        for (bytes, text) in rows {
            let mut out = Vec::new();
            Decoded::new(bytes, encoding_rs::EUC_KR).read_to_end(&mut out).expect("memory can be read");
            assert_eq!(String::from_utf8_lossy(&out), text);
        }
    }
}
