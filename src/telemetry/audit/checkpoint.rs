//! Checkpoints: size and root of a tree, as a C2SP signed note with Ed25519.
//!
//! ```text
//! garim/eu/acts
//! 20852163
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
//!
//! — garim/eu Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
//! ```

use std::fmt;
use std::io::Read;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::pkcs8::DecodePrivateKey;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use rustix::fs::{CWD, FileType, Mode, OFlags};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::super::hex;
use super::AuditFault;
use super::merkle::Hash;

/// The signature type of Ed25519 in a signed note.
const ED25519: u8 = 1;

/// What begins a line with a signature.
const DASH: &str = "\u{2014} ";

/// Most signatures of one checkpoint that are looked at: a verifier must take 16.
const SIGNATURES_MAX: usize = 64;

/// Longest PEM file, in bytes; one of Ed25519 has 119.
const PEM_BYTES_MAX: u64 = 4 << 10;

/// Size and root of a tree, and who signed them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log.
    pub origin: String,
    /// Entries.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// What is signed: the text up to the blank line.
    body: String,
    /// Name, id of the key, signature.
    signatures: Vec<(String, [u8; 4], Vec<u8>)>,
}

/// What a checkpoint without signatures says, to the end of its last line.
pub fn body(origin: &str, size: u64, root: &Hash) -> String {
    format!("{origin}\n{size}\n{}\n", STANDARD.encode(root))
}

impl Checkpoint {
    /// Reads every checkpoint of a text; `place` names it in complaints. Blank lines may stand between them.
    ///
    /// # Errors
    /// When it holds none, or something else.
    pub fn read_all(text: &str, place: &str) -> Result<Vec<Self>, AuditFault> {
        let mut lines = text.lines().peekable();
        let mut found = Vec::new();
        let broken = || AuditFault::broken(place, "not a checkpoint");
        loop {
            while lines.next_if(|line| line.is_empty()).is_some() {}
            if lines.peek().is_none() {
                break;
            }
            let mut body = String::new();
            while let Some(line) = lines.next_if(|line| !line.is_empty()) {
                body.push_str(line);
                body.push('\n');
            }
            if lines.next().is_none() {
                return Err(broken());
            }
            let mut signatures = Vec::new();
            while let Some(line) = lines.next_if(|line| line.starts_with(DASH)) {
                signatures.push(line);
            }
            found.push(Self::new(body, &signatures).ok_or_else(broken)?);
        }
        if found.is_empty() { Err(broken()) } else { Ok(found) }
    }

    fn new(body: String, lines: &[&str]) -> Option<Self> {
        let mut parts = body.lines();
        let (origin, size, root) = (parts.next()?.to_owned(), parts.next()?, parts.next()?);
        let number: u64 = size.parse().ok()?;
        if number.to_string() != size || body.contains(|sign: char| sign.is_control() && sign != '\n') {
            return None;
        }
        let root = STANDARD.decode(root).ok()?.try_into().ok()?;
        let signature = |line: &&str| {
            let (name, encoded) = line.strip_prefix(DASH)?.split_once(' ')?;
            let bytes = STANDARD.decode(encoded).ok()?;
            let (id, signature) = bytes.split_first_chunk::<4>()?;
            Some((name.to_owned(), *id, signature.to_vec()))
        };
        let signatures = lines.iter().take(SIGNATURES_MAX).map(signature).collect::<Option<_>>()?;
        Some(Self { origin, size: number, root, body, signatures })
    }

    /// The names of those of `keys` that signed it.
    ///
    /// # Errors
    /// What is wrong: none of them did, or a signature is not what its key would make.
    pub fn signed_by(&self, keys: &[Verifier]) -> Result<Vec<String>, String> {
        let mut signed = Vec::new();
        for (name, id, bytes) in &self.signatures {
            let Some(key) = keys.iter().find(|key| key.name == *name && key.id == *id) else { continue };
            let signature = Signature::from_slice(bytes).ok();
            let holds =
                signature.is_some_and(|signature| key.key.verify_strict(self.body.as_bytes(), &signature).is_ok());
            if !holds {
                return Err(format!("the signature of {} is false", key.label()));
            }
            signed.push(key.label());
        }
        if !signed.is_empty() {
            return Ok(signed);
        }
        let keys: Vec<String> = keys.iter().map(Verifier::label).collect();
        Err(match self.signers().as_slice() {
            [] => format!("not signed; expected {}", keys.join(" or ")),
            others => format!("not signed by {}, but by {}", keys.join(" or "), others.join(", ")),
        })
    }

    /// Who signed it by their own word: names and ids of keys.
    pub fn signers(&self) -> Vec<String> {
        self.signatures.iter().map(|(name, id, _)| format!("{name}+{}", hex(id))).collect()
    }
}

/// The private key of whoever runs a log; wiped when the last clone is dropped.
#[derive(Clone)]
pub struct Signer {
    name: String,
    /// On the heap and shared, so that moves and clones copy a pointer.
    key: Arc<SigningKey>,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.verifier())
    }
}

impl Signer {
    /// Reads a PKCS#8 PEM file, such as `openssl genpkey -algorithm ed25519` makes. It belongs to this user or to root,
    /// and nobody else may read it.
    ///
    /// # Errors
    /// When the file cannot be read, is open to others, or is no such key; or when the name cannot stand in a note.
    pub fn load(path: &Path, name: &str) -> Result<Self, AuditFault> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(CWD, path, flags, Mode::empty());
        let opened = opened.map_err(|error| AuditFault::io(path, "open", &error.into()))?;
        let stat = rustix::fs::fstat(&opened).map_err(|error| AuditFault::io(path, "look at", &error.into()))?;
        let broken = |what: String| AuditFault::broken(path.display(), what);
        let (mode, user) = (stat.st_mode & 0o7777, rustix::process::geteuid().as_raw());
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(broken(String::from("not a plain file")));
        }
        if mode & 0o077 != 0 {
            return Err(broken(format!("mode {mode:04o} lets others in; chmod {:o} it", mode & 0o700)));
        }
        if stat.st_uid != user && stat.st_uid != 0 {
            return Err(broken(format!("belongs to user {}, and garim runs as user {user}", stat.st_uid)));
        }
        // The room is taken at once: a buffer that grows would leave a copy of the key behind.
        let mut pem = Zeroizing::new(String::with_capacity(PEM_BYTES_MAX as usize + 32));
        let read = std::fs::File::from(opened).take(PEM_BYTES_MAX + 1).read_to_string(&mut pem);
        read.map_err(|error| AuditFault::io(path, "read", &error))?;
        Self::from_pem(&pem, name).map_err(|what| broken(what.to_owned()))
    }

    /// The key of a PKCS#8 PEM text.
    ///
    /// # Errors
    /// What is wrong with it, or with the name.
    pub fn from_pem(pem: &str, name: &str) -> Result<Self, &'static str> {
        if !is_name(name) {
            return Err("the name of a log has no spaces, no `+`, and at least one letter");
        }
        let key = SigningKey::from_pkcs8_pem(pem).map_err(|_| "not an Ed25519 key in PKCS#8 PEM")?;
        Ok(Self { name: name.to_owned(), key: Arc::new(key) })
    }

    /// The public half.
    pub fn verifier(&self) -> Verifier {
        Verifier::new(&self.name, self.key.verifying_key())
    }

    /// A signed checkpoint.
    pub fn sign(&self, origin: &str, size: u64, root: &Hash) -> String {
        let body = body(origin, size, root);
        let mut bytes = self.verifier().id.to_vec();
        bytes.extend_from_slice(&self.key.sign(body.as_bytes()).to_bytes());
        format!("{body}\n{DASH}{} {}\n", self.name, STANDARD.encode(bytes))
    }
}

/// The public key of whoever runs a log, as `name+id+base64`: `garim/eu+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifier {
    name: String,
    id: [u8; 4],
    key: VerifyingKey,
}

impl Verifier {
    fn new(name: &str, key: VerifyingKey) -> Self {
        let mut hasher = Sha256::new_with_prefix(name);
        hasher.update([b'\n', ED25519]);
        hasher.update(key.as_bytes());
        let digest: Hash = hasher.finalize().into();
        let mut id = [0; 4];
        id.copy_from_slice(&digest[..4]);
        Self { name: name.to_owned(), id, key }
    }

    /// Name and id.
    pub fn label(&self) -> String {
        format!("{}+{}", self.name, hex(&self.id))
    }
}

impl FromStr for Verifier {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "not a public key of a log, which is `name+id+base64`";
        let (name, rest) = text.trim().split_once('+').ok_or(WRONG)?;
        let (id, encoded) = rest.split_once('+').ok_or(WRONG)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| WRONG)?;
        let Some((&ED25519, key)) = bytes.split_first() else { return Err("not a key of Ed25519 (type 1)") };
        let key: [u8; 32] = key.try_into().map_err(|_| WRONG)?;
        let verifier = Self::new(name, VerifyingKey::from_bytes(&key).map_err(|_| WRONG)?);
        if !is_name(name) || hex(&verifier.id) != id {
            return Err("the id is not that of this name and key; was it copied whole?");
        }
        Ok(verifier)
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![ED25519];
        bytes.extend_from_slice(self.key.as_bytes());
        write!(f, "{}+{}", self.label(), STANDARD.encode(bytes))
    }
}

/// Whether a text may name a log or a key of one.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|sign: char| sign == '+' || sign.is_whitespace() || sign.is_control())
}
