//! The Merkle tree of RFC 6962: hashes, roots and proofs, without a word on where they are kept.

use sha2::{Digest, Sha256};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// The hash of an entry.
pub fn leaf(entry: &[u8]) -> Hash {
    Sha256::new_with_prefix([0]).chain_update(entry).finalize().into()
}

/// The hash of two subtrees.
pub fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new_with_prefix([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The root over hashes that stand for leaves, or for perfect subtrees of one height and a smaller last one.
/// The root over none is the hash of nothing.
pub fn root_of(hashes: &[Hash]) -> Hash {
    match hashes {
        [] => Sha256::digest([]).into(),
        [only] => *only,
        _ => {
            let (left, right) = hashes.split_at(hashes.len().next_power_of_two() / 2);
            node(&root_of(left), &root_of(right))
        }
    }
}

/// Where the hash of a perfect subtree comes from: its height, and its index among those of that height.
pub trait Nodes {
    /// Why it could not be had.
    type Error;

    /// The hash of the `index`-th subtree of `2^height` entries.
    ///
    /// # Errors
    /// When it cannot be had.
    fn node(&mut self, height: u32, index: u64) -> Result<Hash, Self::Error>;
}

/// The root of the first `size` entries.
///
/// # Errors
/// As of `nodes`.
pub fn root<N: Nodes>(size: u64, nodes: &mut N) -> Result<Hash, N::Error> {
    if size == 0 { Ok(root_of(&[])) } else { range(0, size, nodes) }
}

/// The proof that entry `index` is in the tree of the first `size`: hashes from the leaf up. `index < size`.
///
/// # Errors
/// As of `nodes`.
pub fn inclusion<N: Nodes>(index: u64, size: u64, nodes: &mut N) -> Result<Vec<Hash>, N::Error> {
    assert!(index < size, "only an entry of the tree is in it");
    let (mut low, mut high, mut proof) = (0, size, Vec::new());
    while high - low > 1 {
        let middle = low + split(high - low);
        if index < middle {
            proof.push(range(middle, high, nodes)?);
            high = middle;
        } else {
            proof.push(range(low, middle, nodes)?);
            low = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// The proof that the tree of the first `old` entries is the beginning of that of the first `new`. `old <= new`.
///
/// # Errors
/// As of `nodes`.
pub fn consistency<N: Nodes>(old: u64, new: u64, nodes: &mut N) -> Result<Vec<Hash>, N::Error> {
    assert!(old <= new, "a tree only grows");
    if old == 0 || old == new {
        return Ok(Vec::new());
    }
    let (mut low, mut high, mut proof) = (0, new, Vec::new());
    while high != old {
        let middle = low + split(high - low);
        if old <= middle {
            proof.push(range(middle, high, nodes)?);
            high = middle;
        } else {
            proof.push(range(low, middle, nodes)?);
            low = middle;
        }
    }
    if low > 0 {
        proof.push(range(low, high, nodes)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Whether `proof` shows that the entry with this leaf hash is number `index` of the tree of `size` entries and `root`.
pub fn includes(leaf: Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    // RFC 9162, 2.1.3.2: up the tree, and past the levels at which the last subtree has no sibling.
    let (mut at, mut last, mut hash) = (index, size - 1, leaf);
    for other in proof {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node(other, &hash);
            if at & 1 == 0 {
                let lone = at.trailing_zeros();
                (at, last) = (at >> lone, last >> lone);
            }
        } else {
            hash = node(&hash, other);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && hash == *root
}

/// Whether `proof` shows that the tree of `old` entries is the beginning of the tree of `new` entries.
pub fn consists(old: u64, old_root: &Hash, new: u64, new_root: &Hash, proof: &[Hash]) -> bool {
    if old == 0 || old == new {
        let same = if old == 0 { *old_root == root_of(&[]) } else { old_root == new_root };
        return old <= new && same && proof.is_empty();
    }
    if old > new {
        return false;
    }
    // RFC 9162, 2.1.4.2: where `old` is one perfect subtree its root is not in the proof.
    let (first, rest) = match (old.is_power_of_two(), proof) {
        (true, rest) => (*old_root, rest),
        (false, [first, rest @ ..]) => (*first, rest),
        (false, []) => return false,
    };
    let right = (old - 1).trailing_ones();
    let (mut at, mut last) = ((old - 1) >> right, (new - 1) >> right);
    let (mut old_hash, mut new_hash) = (first, first);
    for other in rest {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            old_hash = node(other, &old_hash);
            new_hash = node(other, &new_hash);
            if at & 1 == 0 {
                let lone = at.trailing_zeros();
                (at, last) = (at >> lone, last >> lone);
            }
        } else {
            new_hash = node(&new_hash, other);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && old_hash == *old_root && new_hash == *new_root
}

/// The largest power of two smaller than `entries`, which are two or more.
fn split(entries: u64) -> u64 {
    1 << (u64::BITS - 1 - (entries - 1).leading_zeros())
}

/// The hash of the entries from `low` to before `high`, a subtree of some tree.
fn range<N: Nodes>(low: u64, high: u64, nodes: &mut N) -> Result<Hash, N::Error> {
    let entries = high - low;
    if entries.is_power_of_two() && low.is_multiple_of(entries) {
        return nodes.node(entries.trailing_zeros(), low >> entries.trailing_zeros());
    }
    let middle = low + split(entries);
    Ok(node(&range(low, middle, nodes)?, &range(middle, high, nodes)?))
}
