//! A payload while its JSON is walked: white space, strings, numbers and words, strictly.

use super::escape::escape_end;
use super::json::{Fault, Shape};
use super::scan::Marks;

/// A payload while it is walked.
pub(super) struct Reader<'a> {
    pub(super) text: &'a [u8],
    pub(super) marks: &'a Marks,
    pub(super) at: usize,
}

impl Reader<'_> {
    pub(super) fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.text.get(self.at) {
            self.at += 1;
        }
    }

    /// The first byte at or after `at` that is no white space; `at` moves there.
    #[inline(always)]
    pub(super) fn next(&mut self) -> Result<u8, Fault> {
        if let Some(byte) = self.text.get(self.at)
            && *byte > b' '
        {
            return Ok(*byte);
        }
        self.skip_space();
        self.text.get(self.at).copied().ok_or(Fault::Truncated)
    }

    /// Moves behind the string whose opening quote is at `at`; whether it holds a backslash.
    #[inline(always)]
    pub(super) fn string(&mut self) -> Result<bool, Fault> {
        let stop = self.marks.next_stop(self.at + 1).unwrap_or(self.text.len());
        if self.text.get(stop) == Some(&b'"') {
            self.at = stop + 1;
            return Ok(false);
        }
        self.unusual_string(stop)
    }

    /// The rest of [`Self::string`] from its first byte that is no plain text.
    #[inline(never)]
    pub(super) fn unusual_string(&mut self, mut stop: usize) -> Result<bool, Fault> {
        let mut escaped = false;
        loop {
            self.at = stop;
            match self.text.get(stop) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(escaped);
                }
                Some(b'\\') => {
                    escaped = true;
                    let after = escape_end(self.text, stop).map_err(|(fault, at)| {
                        self.at = at;
                        fault
                    })?;
                    stop = self.marks.next_stop(after).unwrap_or(self.text.len());
                }
                Some(_) => return Err(Fault::Invalid),
                None => return Err(Fault::Truncated),
            }
        }
    }

    #[inline(always)]
    pub(super) fn word(&mut self, word: &[u8], shape: Shape) -> Result<Shape, Fault> {
        for byte in word {
            match self.text.get(self.at) {
                Some(found) if found == byte => self.at += 1,
                Some(_) => return Err(Fault::Invalid),
                None => return Err(Fault::Truncated),
            }
        }
        Ok(shape)
    }

    /// Moves behind a number: sign, integer without leading zero, fraction, exponent.
    #[inline(always)]
    pub(super) fn number(&mut self) -> Result<Shape, Fault> {
        if self.text[self.at] == b'-' {
            self.at += 1;
        }
        if self.text.get(self.at) == Some(&b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.text.get(self.at) {
            self.at += 1 + usize::from(matches!(self.text.get(self.at + 1), Some(b'+' | b'-')));
            self.digits()?;
        }
        Ok(Shape::Number)
    }

    #[inline(always)]
    pub(super) fn digits(&mut self) -> Result<(), Fault> {
        match self.text.get(self.at) {
            Some(b'0'..=b'9') => {}
            Some(_) => return Err(Fault::Invalid),
            None => return Err(Fault::Truncated),
        }
        while let Some(b'0'..=b'9') = self.text.get(self.at) {
            self.at += 1;
        }
        Ok(())
    }
}
