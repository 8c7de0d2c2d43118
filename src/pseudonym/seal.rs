//! The sealed values of one record: what stands in an envelope, how it is closed and how it is opened.
//!
//! Written form: `s1_`, six letters of the key, `_`, base64url without padding of `nonce (12) | ciphertext | tag (16)`.
//! Cipher: AES-256-GCM-SIV (RFC 8452). Plaintext: repeated `length u32 | path | length u32 | value`, little-endian; the
//! path is a JSON Pointer into the input record, the value the raw JSON text that stood there. Associated data: the
//! version as one byte, then each as `length u32 | bytes`: tier, source, the key's letters, the policy's eight letters,
//! the 32 letters of the record's id (none where the tier leaves the id out).

use aes_gcm_siv::aead::AeadInOut;
use aes_gcm_siv::{Aes256GcmSiv, KeyInit, Nonce, Tag};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::secret::Key;

/// The version of envelopes that this garim writes, as it stands in the text and in the associated data.
const VERSION: u8 = 1;

/// What an envelope of this version begins with.
const MARK: &[u8] = b"s1_";

/// Bytes in front of the base64: the mark, six letters, an underscore.
const HEAD_BYTES: usize = MARK.len() + 6 + 1;

/// Bytes of the nonce, in front of the ciphertext (RFC 8452).
pub const NONCE_BYTES: usize = 12;

/// Bytes of the tag, behind the ciphertext (RFC 8452).
pub const TAG_BYTES: usize = 16;

/// Written length of an envelope whose box (nonce, ciphertext and tag) has `box_bytes` bytes.
pub const fn written_bytes(box_bytes: usize) -> usize {
    HEAD_BYTES + box_bytes / 3 * 4 + [0, 2, 3][box_bytes % 3]
}

/// What an envelope belongs to: opened for anything else, it stays shut.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The tier's name.
    pub tier: &'a str,
    /// The source's name.
    pub source: &'a str,
    /// The six letters of the key.
    pub key: [u8; 6],
    /// The eight letters of the policy's digest, as the record's `garim` string begins.
    pub policy: [u8; 8],
    /// The 32 letters of the record's id; empty where the tier leaves it out.
    pub record_id: &'a [u8],
}

impl Context<'_> {
    /// Writes the associated data into `out`, which is emptied first.
    fn fill(&self, out: &mut Vec<u8>) {
        out.clear();
        out.push(VERSION);
        for part in [self.tier.as_bytes(), self.source.as_bytes(), &self.key, &self.policy, self.record_id] {
            push(out, part);
        }
    }
}

/// Appends a length and that many bytes.
pub fn push(out: &mut Vec<u8>, part: &[u8]) {
    out.extend_from_slice(&(part.len() as u32).to_le_bytes());
    out.extend_from_slice(part);
}

/// Closes a box: `content` holds the nonce, the plaintext and room for the tag, and holds the ciphertext afterwards.
/// Writes the envelope into `out`, which has `written_bytes(content.len())` bytes; `data` is working memory.
pub fn close(key: &Key, context: &Context<'_>, content: &mut [u8], data: &mut Vec<u8>, out: &mut [u8]) {
    context.fill(data);
    let (nonce, rest) = content.split_first_chunk_mut::<NONCE_BYTES>().expect("a box has room for its nonce");
    let (text, tag) = rest.split_last_chunk_mut::<TAG_BYTES>().expect("a box has room for its tag");
    let cipher = Aes256GcmSiv::new(key.expose().into());
    let made = cipher.encrypt_inout_detached(&Nonce::from(*nonce), data, text.into());
    tag.copy_from_slice(&made.expect("a record is shorter than what the cipher takes"));
    let (head, body) = out.split_at_mut(HEAD_BYTES);
    head[..MARK.len()].copy_from_slice(MARK);
    head[MARK.len()..HEAD_BYTES - 1].copy_from_slice(&context.key);
    head[HEAD_BYTES - 1] = b'_';
    let written = URL_SAFE_NO_PAD.encode_slice(content, body).expect("the output has room for the envelope");
    debug_assert_eq!(written, body.len());
}

/// Why an envelope stays shut. None tells a byte of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Shut {
    /// Not what garim writes.
    #[error("it is no envelope")]
    NoEnvelope,
    /// A newer garim wrote it.
    #[error("its version is newer than this garim opens")]
    Newer,
    /// The key is another one, or the envelope is not the one that was closed for this tier, source, policy and record.
    #[error("it was altered, or belongs to another tier, source, policy or record")]
    Altered,
}

/// An envelope as it was read, still shut.
#[derive(Debug)]
pub struct Envelope {
    /// The six letters that name its key.
    pub key: [u8; 6],
    content: Vec<u8>,
}

/// What was sealed: paths and raw JSON texts. Wiped when dropped; prints its length only.
pub struct Opened(Zeroizing<Vec<u8>>);

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Opened({} bytes)", self.0.len())
    }
}

impl Envelope {
    /// Reads the written form.
    ///
    /// # Errors
    /// [`Shut::Newer`] and [`Shut::NoEnvelope`].
    pub fn read(text: &[u8]) -> Result<Self, Shut> {
        let [b's', digits @ .., b'_'] = text.split_inclusive(|byte| *byte == b'_').next().unwrap_or_default() else {
            return Err(Shut::NoEnvelope);
        };
        match digits {
            [b'1'] => {}
            [b'1'..=b'9', rest @ ..] if rest.len() < 3 && rest.iter().all(u8::is_ascii_digit) => {
                return Err(Shut::Newer);
            }
            _ => return Err(Shut::NoEnvelope),
        }
        let (key, rest) = text[MARK.len()..].split_first_chunk::<6>().ok_or(Shut::NoEnvelope)?;
        let body = rest.strip_prefix(b"_").ok_or(Shut::NoEnvelope)?;
        let content = URL_SAFE_NO_PAD.decode(body).map_err(|_| Shut::NoEnvelope)?;
        if !key.iter().all(u8::is_ascii_lowercase) || content.len() <= NONCE_BYTES + TAG_BYTES {
            return Err(Shut::NoEnvelope);
        }
        Ok(Self { key: *key, content })
    }

    /// Opens it.
    ///
    /// # Errors
    /// [`Shut::Altered`] unless key and context are those it was closed with, and every byte is.
    pub fn open(self, key: &Key, context: &Context<'_>) -> Result<Opened, Shut> {
        if self.key != context.key {
            return Err(Shut::Altered);
        }
        let mut data = Vec::new();
        context.fill(&mut data);
        let mut content = Zeroizing::new(self.content);
        let (nonce, rest) = content.split_first_chunk_mut::<NONCE_BYTES>().ok_or(Shut::NoEnvelope)?;
        let (text, tag) = rest.split_last_chunk_mut::<TAG_BYTES>().ok_or(Shut::NoEnvelope)?;
        let cipher = Aes256GcmSiv::new(key.expose().into());
        let opened = cipher.decrypt_inout_detached(&Nonce::from(*nonce), &data, text.into(), &Tag::from(*tag));
        opened.map_err(|_| Shut::Altered)?;
        let opened = Opened(content);
        // What the tag vouches for is a list, or garim wrote it wrongly: then nothing of it is trusted.
        if opened.walk().is_some() { Ok(opened) } else { Err(Shut::Altered) }
    }
}

impl Opened {
    /// Path and raw JSON text of each value, in the order of the record.
    pub fn values(&self) -> Vec<(&str, &str)> {
        self.walk().unwrap_or_default()
    }

    fn walk(&self) -> Option<Vec<(&str, &str)>> {
        let mut rest = &self.0[NONCE_BYTES..self.0.len() - TAG_BYTES];
        let mut values = Vec::new();
        while !rest.is_empty() {
            let path = part(&mut rest)?;
            values.push((path, part(&mut rest)?));
        }
        Some(values)
    }
}

/// Takes a length and that many bytes of UTF-8 from the front.
fn part<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let (length, behind) = rest.split_first_chunk::<4>()?;
    let (part, behind) = behind.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    *rest = behind;
    std::str::from_utf8(part).ok()
}
