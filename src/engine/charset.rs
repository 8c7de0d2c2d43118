//! In which encoding a source's payloads arrive; what leaves is UTF-8.

use std::borrow::Cow;

use encoding_rs::{DecoderResult, EUC_KR};

/// An encoding of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// UTF-8, as everything unless its source says otherwise.
    Utf8,
    /// EUC-KR with the syllables that CP949 (MS949, UHC) adds to it, as the Encoding Standard of the WHATWG reads it.
    EucKr,
}

impl Charset {
    /// What a policy calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::EucKr => "euc-kr",
        }
    }

    /// A text as a record of this encoding brings it. What has no characters in it (an emoji) stays UTF-8, and will be
    /// refused.
    pub fn encode(self, text: &str) -> Cow<'_, [u8]> {
        match self {
            Self::Utf8 => Cow::Borrowed(text.as_bytes()),
            Self::EucKr => match EUC_KR.encode(text) {
                (bytes, _, false) => bytes,
                (_, _, true) => Cow::Borrowed(text.as_bytes()),
            },
        }
    }

    /// A payload as UTF-8; one that cannot be read, as it is.
    pub fn decode(self, bytes: &[u8]) -> Cow<'_, [u8]> {
        match self {
            Self::Utf8 => Cow::Borrowed(bytes),
            Self::EucKr => {
                let text = EUC_KR.decode_without_bom_handling_and_without_replacement(bytes);
                text.map_or(Cow::Borrowed(bytes), |text| match text {
                    Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
                    Cow::Owned(text) => Cow::Owned(text.into_bytes()),
                })
            }
        }
    }
}

/// Room for a payload in UTF-8, reused from record to record.
#[derive(Default)]
pub(super) struct Recoded {
    bytes: Vec<u8>,
    len: usize,
}

impl std::fmt::Debug for Recoded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Recoded({} bytes)", self.len)
    }
}

impl Recoded {
    /// Reads EUC-KR strictly.
    ///
    /// # Errors
    /// With the place of the first sequence that is none.
    pub(super) fn euc_kr(&mut self, payload: &[u8]) -> Result<(), usize> {
        let mut decoder = EUC_KR.new_decoder_without_bom_handling();
        self.len = 0;
        // Two bytes make three at most; a payload has a bound.
        let room = decoder.max_utf8_buffer_length_without_replacement(payload.len()).unwrap_or(usize::MAX);
        if self.bytes.len() < room {
            self.bytes.resize(room, 0);
        }
        let (result, read, written) = decoder.decode_to_utf8_without_replacement(payload, &mut self.bytes, true);
        self.len = written;
        match result {
            DecoderResult::InputEmpty => Ok(()),
            DecoderResult::Malformed(length, behind) => {
                Err(read.saturating_sub(usize::from(length) + usize::from(behind)))
            }
            DecoderResult::OutputFull => Err(read),
        }
    }

    /// What was read last.
    pub(super) fn get(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn euc_kr_is_read_strictly() {
        let rows: [(&[u8], Result<&str, usize>); 7] = [
            (b"plain 010", Ok("plain 010")),
            (b"\xc8\xab\xb1\xe6\xb5\xbf", Ok("홍길동")),
            // CP949 only.
            (b"\x8c\x63\xb9\xe6", Ok("똠방")),
            (b"a\xc8", Err(1)),
            (b"ab\xff\xc8\xab", Err(2)),
            (b"\xc8\xab\xc8\x20x", Err(2)),
            // UTF-8 is none.
            ("홍".as_bytes(), Err(0)),
        ];
        let mut recoded = Recoded::default();
        for (payload, want) in rows {
            let read = recoded.euc_kr(payload).map(|()| String::from_utf8_lossy(recoded.get()).into_owned());
            assert_eq!(read.as_deref().map_err(|at| *at), want, "{payload:x?}");
            if let Ok(text) = want {
                assert_eq!(&*Charset::EucKr.encode(text), payload);
                assert_eq!(&*Charset::EucKr.decode(payload), text.as_bytes());
            }
        }
    }
}
