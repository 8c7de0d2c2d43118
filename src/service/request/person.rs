//! A person's signing key: an Ed25519 key in a PEM file that only its owner may read.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::DecodePrivateKey;
use rustix::fs::{FileType, Mode, OFlags};
use zeroize::Zeroizing;

use crate::limits::PERSON_KEY_BYTES_MAX;

/// A person's key file is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {what}", path.display())]
pub struct KeyFault {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it; never a byte of it.
    pub what: String,
}

/// A person's Ed25519 key, as `openssl genpkey -algorithm ed25519` makes it. Wiped when dropped, prints nothing.
pub struct PersonKey(pub(super) SigningKey);

impl std::fmt::Debug for PersonKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PersonKey(Ed25519)")
    }
}

impl PersonKey {
    /// Reads a PKCS#8 PEM file: a plain file of this user's, mode 0600 or narrower, no link.
    ///
    /// # Errors
    /// When the file is none of that, or holds no such key.
    pub fn read(path: &Path) -> Result<Self, KeyFault> {
        let what = "is no Ed25519 key in PKCS#8 PEM (`openssl genpkey -algorithm ed25519`)";
        let key = SigningKey::from_pkcs8_pem(&private_text(path)?);
        key.map(Self).map_err(|_| KeyFault { path: path.to_owned(), what: what.to_owned() })
    }

    /// The public key as `[open.people]` holds it.
    pub fn public(&self) -> String {
        STANDARD.encode(self.0.verifying_key().as_bytes())
    }
}

/// The text of a person's private file: a plain file of this user's, mode 0600 or narrower, no link. Wiped when dropped.
///
/// # Errors
/// When the file is none of that.
pub(in crate::service) fn private_text(path: &Path) -> Result<Zeroizing<String>, KeyFault> {
    let fault = |what: String| KeyFault { path: path.to_owned(), what };
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let opened = rustix::fs::open(path, flags, Mode::empty()).map_err(|error| match error {
        rustix::io::Errno::LOOP => fault("is a link; give the file itself".to_owned()),
        error => fault(format!("cannot open: {}", std::io::Error::from(error))),
    })?;
    let stat = rustix::fs::fstat(&opened).map_err(|error| fault(std::io::Error::from(error).to_string()))?;
    let user = rustix::process::geteuid().as_raw();
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(fault("is no plain file".to_owned()));
    }
    if stat.st_uid != user {
        return Err(fault(format!("belongs to user {}, and garim runs as user {user}", stat.st_uid)));
    }
    if stat.st_mode & 0o177 != 0 {
        return Err(fault(format!("mode {:04o} is wider than 0600: `chmod 0600` it", stat.st_mode & 0o7777)));
    }
    // Room for all of it at once: a buffer that grows would leave pieces of the key behind.
    let mut text = Zeroizing::new(String::with_capacity(PERSON_KEY_BYTES_MAX + 1));
    let read = File::from(opened).take(PERSON_KEY_BYTES_MAX as u64 + 1).read_to_string(&mut text);
    if read.map_err(|_| fault("cannot be read as text".to_owned()))? > PERSON_KEY_BYTES_MAX {
        return Err(fault(format!("is longer than {PERSON_KEY_BYTES_MAX} bytes: no key file")));
    }
    Ok(text)
}
