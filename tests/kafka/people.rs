//! Two people with keys of the stock `openssl`, whom the settings of a site name.

use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::process::{Site, code, once, stderr};

/// Their names; the files of their keys are called so, too.
pub(crate) const NAMES: [&str; 2] = ["alice", "bob"];

/// Makes their keys in this folder, and names them in the site's settings.
pub(crate) fn make(site: &mut Site, folder: &Path) {
    for name in NAMES {
        let pem = folder.join(name);
        let made = Command::new("openssl").args(["genpkey", "-algorithm", "ed25519", "-out"]).arg(&pem).output();
        assert!(made.expect("openssl can be run").status.success());
        Command::new("chmod").arg("600").arg(&pem).status().expect("chmod can be run");
        let shown = Command::new("openssl").args(["pkey", "-pubout", "-outform", "DER", "-in"]).arg(&pem).output();
        let der = shown.expect("openssl can be run").stdout;
        site.set("open.people", format!("{name} = \"{}\"", STANDARD.encode(&der[der.len() - 32..])));
    }
}

/// Has these people sign a request.
pub(crate) fn sign(folder: &Path, request: &Path, signers: &[&str]) {
    for signer in signers {
        let (file, key) = (request.display().to_string(), folder.join(signer).display().to_string());
        let signed = once(&["sign", &file, "--as", signer, "--key", &key, "--yes"]);
        assert_eq!(code(&signed), 0, "{}", stderr(&signed));
    }
}
