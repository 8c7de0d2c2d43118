//! One token, computed step by step; what the engine writes for a batch must equal it.

use super::prf::Prf;
use super::{Algorithm, Purpose, frame, share_id, token};
use crate::kind::{Kind, canonical};
use crate::limits::FRAME_BYTES;
use crate::secret::Key;

/// The keys that a token comes from.
#[derive(Debug, Clone, Copy)]
pub struct TokenKeys<'a> {
    /// The function of the tier.
    pub algorithm: Algorithm,
    /// The six letters of the generation.
    pub id: [u8; 6],
    /// The secret of the generation.
    pub secret: &'a Key,
    /// The secret of the tenant, where the tier has keys by tenant.
    pub tenant: Option<&'a Key>,
    /// The recipient, for its share of the tier.
    pub recipient: Option<&'a str>,
}

/// The token of an identifier in a source. One that is not of its kind stands for itself, as in a record.
pub fn token_of(keys: TokenKeys<'_>, source: &str, kind: Kind, identifier: &str) -> String {
    let TokenKeys { algorithm, id, secret, tenant, recipient } = keys;
    let key = Prf::derive(algorithm, Purpose::Pseudonym, secret, tenant, recipient.unwrap_or(""));
    let id = recipient.map_or(id, |recipient| share_id(algorithm, secret, recipient));
    let mut value = Vec::new();
    if !canonical(kind, identifier, &mut value) {
        value = identifier.as_bytes().to_vec();
    }
    let mut filled = [0; FRAME_BYTES];
    frame::fill_value(&mut filled, frame::tag(source, kind.name()), &value, &key);
    let mut written = token::blank(kind.letters(), id);
    token::letters(&key.message(&[&filled]), &mut written[token::HEAD..]);
    written.map(char::from).iter().collect()
}

/// Who was looked up, as the log of acts names it: 32 letters that serve for nothing else, from a key of the store.
pub fn subject_of(naming: &Key, source: &str, kind: Kind, canonical: &[u8]) -> String {
    let key = Prf::derive(Algorithm::Blake3, Purpose::Subject, naming, None, "");
    let mut written = [0; token::LETTERS];
    token::letters(&key.message(&[source.as_bytes(), &[0], kind.name().as_bytes(), &[0], canonical]), &mut written);
    written.map(char::from).iter().collect()
}
