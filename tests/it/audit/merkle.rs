//! Roots and proofs against the vectors of Certificate Transparency, and against the definitions of RFC 6962 as they stand.

use std::collections::HashMap;
use std::convert::Infallible;

use garim::telemetry::audit::merkle::{self, Hash, Nodes};
use garim::telemetry::audit::tree::Tree;
use garim::telemetry::hex;

/// The leaves of the reference tree of `certificate-transparency-go`.
const LEAVES: [&[u8]; 8] = [
    b"",
    &[0x00],
    &[0x10],
    &[0x20, 0x21],
    &[0x30, 0x31],
    &[0x40, 0x41, 0x42, 0x43],
    &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
    &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
];

/// Its roots over the first 0 to 8 of them.
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

#[test]
fn roots_are_those_of_certificate_transparency() {
    let dir = tempfile::tempdir().unwrap();
    let mut tree = Tree::open(&dir.path().join("acts"), "garim/eu/acts", None).unwrap();
    assert_eq!(hex(&tree.root()), ROOTS[0]);
    for (leaf, root) in LEAVES.iter().zip(&ROOTS[1..]) {
        tree.append(&[leaf]).unwrap();
        assert_eq!(hex(&tree.root()), *root, "over {} leaves", tree.size());
    }
    let reopened = |tree: Tree| {
        drop(tree);
        Tree::open(&dir.path().join("acts"), "garim/eu/acts", None).unwrap()
    };
    let tree = reopened(tree);
    assert_eq!((tree.size(), hex(&tree.root()).as_str()), (8, ROOTS[8]));
    for (size, root) in ROOTS.iter().enumerate() {
        assert_eq!(hex(&tree.root_at(size as u64).unwrap()), *root, "of the first {size}");
    }
}

/// RFC 6962, section 2.1, word by word; hashes of ranges are remembered.
pub(super) struct Naive {
    leaves: Vec<Hash>,
    known: HashMap<(usize, usize), Hash>,
}

impl Naive {
    pub(super) fn new(entries: impl Iterator<Item = Vec<u8>>) -> Self {
        Self { leaves: entries.map(|entry| merkle::leaf(&entry)).collect(), known: HashMap::new() }
    }

    /// MTH(D[from:to]).
    pub(super) fn hash(&mut self, from: usize, to: usize) -> Hash {
        match to - from {
            0 => merkle::root_of(&[]),
            1 => self.leaves[from],
            n => {
                if let Some(known) = self.known.get(&(from, to)) {
                    return *known;
                }
                let k = Self::k(n);
                let hash = merkle::node(&self.hash(from, from + k), &self.hash(from + k, to));
                self.known.insert((from, to), hash);
                hash
            }
        }
    }

    /// The largest power of two smaller than n.
    fn k(n: usize) -> usize {
        let mut k = 1;
        while k * 2 < n {
            k *= 2;
        }
        k
    }

    /// PATH(m, D[from:to]), m counted from `from`.
    fn path(&mut self, m: usize, from: usize, to: usize) -> Vec<Hash> {
        if to - from <= 1 {
            return Vec::new();
        }
        let k = Self::k(to - from);
        let (mut path, other) = if m < k {
            (self.path(m, from, from + k), self.hash(from + k, to))
        } else {
            (self.path(m - k, from + k, to), self.hash(from, from + k))
        };
        path.push(other);
        path
    }

    /// SUBPROOF(m, D[from:to], b).
    fn subproof(&mut self, m: usize, from: usize, to: usize, b: bool) -> Vec<Hash> {
        if m == to - from {
            return if b { Vec::new() } else { vec![self.hash(from, to)] };
        }
        let k = Self::k(to - from);
        let (mut proof, other) = if m <= k {
            (self.subproof(m, from, from + k, b), self.hash(from + k, to))
        } else {
            (self.subproof(m - k, from + k, to, false), self.hash(from, from + k))
        };
        proof.push(other);
        proof
    }
}

impl Nodes for Naive {
    type Error = Infallible;

    fn node(&mut self, height: u32, index: u64) -> Result<Hash, Infallible> {
        let (low, entries) = ((index << height) as usize, 1 << height);
        Ok(self.hash(low, low + entries))
    }
}

fn entry(number: u64) -> Vec<u8> {
    number.to_le_bytes().to_vec()
}

/// Up to this size every entry and every pair of sizes is proved.
const PROVED: u64 = 300;

#[test]
fn every_entry_of_every_size_is_proved_to_be_in_it() {
    let mut naive = Naive::new((0..PROVED).map(entry));
    for size in 1..=PROVED {
        let root = naive.hash(0, size as usize);
        assert_eq!(Ok(root), merkle::root(size, &mut naive), "root of {size}");
        for index in 0..size {
            let Ok(mut proof) = merkle::inclusion(index, size, &mut naive);
            assert_eq!(proof, naive.path(index as usize, 0, size as usize), "entry {index} of {size}");
            let leaf = naive.leaves[index as usize];
            assert!(merkle::includes(leaf, index, size, &proof, &root), "entry {index} of {size}");
            let other = merkle::leaf(b"another entry");
            assert!(!merkle::includes(other, index, size, &proof, &root), "another entry {index} of {size}");
            assert!(!merkle::includes(leaf, index, size, &proof, &other), "entry {index} of another {size}");
            assert!(!merkle::includes(leaf, size, size, &proof, &root), "an entry after {size}");
            assert!(!merkle::includes(leaf, index, 4 * size, &proof, &root), "entry {index} of a larger tree");
            if size > 1 {
                assert!(!merkle::includes(leaf, (index + 1) % size, size, &proof, &root), "entry {index}, moved");
                let at = (index % proof.len() as u64) as usize;
                proof[at][7] ^= 1;
                assert!(!merkle::includes(leaf, index, size, &proof, &root), "entry {index} of {size}, bent");
                proof[at][7] ^= 1;
                assert!(!merkle::includes(leaf, index, size, &proof[1..], &root), "entry {index} of {size}, cut");
                proof.push(other);
                assert!(!merkle::includes(leaf, index, size, &proof, &root), "entry {index} of {size}, longer");
            }
        }
    }
}

#[test]
fn every_size_is_proved_to_have_grown_from_every_smaller_one() {
    let mut naive = Naive::new((0..PROVED).map(entry));
    let bent = merkle::leaf(b"another tree");
    for new in 0..=PROVED {
        let new_root = naive.hash(0, new as usize);
        for old in 0..=new {
            let old_root = naive.hash(0, old as usize);
            let Ok(mut proof) = merkle::consistency(old, new, &mut naive);
            if old > 0 {
                assert_eq!(proof, naive.subproof(old as usize, 0, new as usize, true), "{old} to {new}");
            }
            assert!(merkle::consists(old, &old_root, new, &new_root, &proof), "{old} to {new}");
            assert!(!merkle::consists(old, &bent, new, &new_root, &proof), "another {old} to {new}");
            assert!(!merkle::consists(new + 1, &new_root, new, &new_root, &proof), "a tree that shrank to {new}");
            if old > 0 {
                assert!(!merkle::consists(old, &old_root, new, &bent, &proof), "{old} to another {new}");
                assert!(!merkle::consists(old, &old_root, 4 * new, &new_root, &proof), "{old} to a larger tree");
            }
            if let Some(first) = proof.first_mut() {
                first[31] ^= 1;
                assert!(!merkle::consists(old, &old_root, new, &new_root, &proof), "{old} to {new}, bent");
                proof[0][31] ^= 1;
                assert!(!merkle::consists(old, &old_root, new, &new_root, &proof[1..]), "{old} to {new}, cut");
                proof.push(bent);
                assert!(!merkle::consists(old, &old_root, new, &new_root, &proof), "{old} to {new}, longer");
            }
        }
    }
}

#[test]
fn proofs_from_tiles_are_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let mut tree = Tree::open(&dir.path().join("acts"), "garim/eu/acts", None).unwrap();
    let entries: Vec<Vec<u8>> = (0..1_000).map(entry).collect();
    tree.append(&entries.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
    let mut naive = Naive::new(entries.iter().cloned());
    for size in [1, 2, 255, 256, 257, 511, 512, 513, 768, 999, 1_000] {
        assert_eq!(tree.root_at(size).unwrap(), naive.hash(0, size as usize));
        for index in (0..size).step_by(17).chain([size - 1]) {
            let path = naive.path(index as usize, 0, size as usize);
            assert_eq!(tree.inclusion(index, size).unwrap(), path, "entry {index} of {size}");
        }
        for old in (1..=size).step_by(13) {
            let proof = naive.subproof(old as usize, 0, size as usize, true);
            assert_eq!(tree.consistency(old, size).unwrap(), proof, "{old} to {size}");
        }
    }
    assert_eq!(tree.entry(999).unwrap(), Some(entry(999)));
    assert_eq!(tree.entry(300).unwrap(), Some(entry(300)));
    assert_eq!(tree.entry(1_000).unwrap(), None);
}
