//! Field paths compiled to a trie, so that a walk resolves a path by one step a member, never by comparing strings.
//!
//! Paths with `*` are made deterministic when the policy is compiled: where a name and a `*` lead on from one place,
//! the name's node also carries what the `*` leads to, behind its own. The most specific path comes first.

use std::collections::BTreeMap;

use crate::limits::DEPTH_MAX;
use crate::record::Span;

/// A place in the trie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeId(u16);

impl NodeId {
    /// The whole record.
    pub const ROOT: Self = Self(0);
    /// No path goes here.
    pub const NONE: Self = Self(u16::MAX);

    /// The node as an index of tables with one entry a node.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// One step of a path: a member's name, or `None` for any member or element.
pub type Step<'a> = Option<&'a str>;

/// What a name is told by at first sight: its length, its first and its last eight bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct NameKey {
    length: u32,
    /// The first eight bytes, zero-filled.
    head: u64,
    /// The last eight bytes; of a shorter name, the head.
    tail: u64,
}

impl std::fmt::Debug for NameKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NameKey({} bytes)", self.length)
    }
}

impl NameKey {
    /// The key of the `length` bytes of `text` from `start` on.
    #[inline(always)]
    pub fn of(text: &[u8], start: usize, length: usize) -> Self {
        let word =
            |from: usize| text.get(from..).and_then(|rest| rest.first_chunk::<8>()).map(|w| u64::from_le_bytes(*w));
        if length >= 8 {
            let (head, tail) = (word(start).unwrap_or(0), word(start + length - 8).unwrap_or(0));
            return Self { length: length as u32, head, tail };
        }
        let head = match word(start) {
            // What stands behind the name is shifted out.
            Some(word) => word & !(u64::MAX << (8 * length)),
            None => {
                let mut head = 0;
                for (place, byte) in text[start..start + length].iter().enumerate() {
                    head |= u64::from(*byte) << (8 * place);
                }
                head
            }
        };
        Self { length: length as u32, head, tail: head }
    }

    /// A hash good enough to tell most names apart; equal hashes are compared as names.
    #[inline(always)]
    pub const fn hash(&self) -> u64 {
        const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
        let mixed = (self.head ^ self.tail.rotate_left(29) ^ self.length as u64).wrapping_mul(MULTIPLIER);
        mixed ^ (mixed >> 32)
    }
}

#[derive(Debug)]
struct Child {
    key: NameKey,
    name: Box<[u8]>,
    node: NodeId,
}

#[derive(Debug, Default)]
struct Node {
    children: Vec<Child>,
    /// An open hash table over the children: index plus one, 0 where there is none. A power of two, at most half full.
    table: Box<[u16]>,
    /// Where any other member, and every element, leads.
    any: Option<NodeId>,
}

/// Where a member leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lead {
    /// The place of its value.
    pub node: NodeId,
    /// Which of the names at its container it is; `None` if `*` took it, or nothing.
    pub child: Option<u16>,
}

/// A path of which the first steps are taken.
#[derive(Debug, Clone, Copy)]
struct State {
    /// A bit a step taken, 1 for `*`: of two paths the one with the first name where the other has `*` is smaller.
    rank: u128,
    path: usize,
    step: usize,
}

/// A compiled set of paths.
#[derive(Debug)]
pub struct Paths {
    nodes: Vec<Node>,
    /// By node: the indices of the paths that end there, the most specific first.
    ends: Vec<Vec<usize>>,
}

impl Paths {
    /// Compiles `paths`; their indices are what `ends` gives back.
    ///
    /// `None` if one has more than 64 steps (`DEPTH_MAX`), or if they need more than 65,534 nodes.
    pub fn compile(paths: &[Vec<Step<'_>>]) -> Option<Self> {
        if paths.iter().any(|path| path.len() > DEPTH_MAX) {
            return None;
        }
        let mut compiled = Self { nodes: Vec::new(), ends: Vec::new() };
        let all: Vec<State> = (0..paths.len()).map(|path| State { rank: 0, path, step: 0 }).collect();
        compiled.add(paths, all)?;
        Some(compiled)
    }

    /// Adds the node that stands for `states`, and all below it.
    fn add(&mut self, paths: &[Vec<Step<'_>>], mut states: Vec<State>) -> Option<NodeId> {
        let id = u16::try_from(self.nodes.len()).ok().filter(|id| *id != NodeId::NONE.0)?;
        states.sort_by_key(|state| state.rank);
        self.nodes.push(Node::default());
        let ends = |state: &&State| state.step == paths[state.path].len();
        self.ends.push(states.iter().filter(ends).map(|state| state.path).collect());
        let mut named: BTreeMap<&str, Vec<State>> = BTreeMap::new();
        let mut any = Vec::new();
        for State { rank, path, step } in states {
            match paths[path].get(step) {
                Some(Some(name)) => named.entry(name).or_default().push(State { rank: rank * 2, path, step: step + 1 }),
                Some(None) => any.push(State { rank: rank * 2 + 1, path, step: step + 1 }),
                None => {}
            }
        }
        for (name, mut states) in named {
            states.extend_from_slice(&any);
            let node = self.add(paths, states)?;
            let key = NameKey::of(name.as_bytes(), 0, name.len());
            let child = Child { key, name: name.as_bytes().into(), node };
            self.nodes[usize::from(id)].children.push(child);
        }
        self.nodes[usize::from(id)].table = table(&self.nodes[usize::from(id)].children);
        if !any.is_empty() {
            let node = self.add(paths, any)?;
            self.nodes[usize::from(id)].any = Some(node);
        }
        Some(NodeId(id))
    }

    /// Every node, in the order of its index.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> {
        (0..self.nodes.len() as u16).map(NodeId)
    }

    /// The paths that end at `node`, the most specific first.
    pub fn ends(&self, node: NodeId) -> &[usize] {
        &self.ends[node.index()]
    }

    /// Where the member `name` of `node` leads.
    pub fn member(&self, node: NodeId, name: &[u8]) -> NodeId {
        self.lead(node, &NameKey::of(name, 0, name.len()), name).node
    }

    /// Where the member `name` of `node` leads, with the key of the name at hand.
    #[inline(always)]
    pub fn lead(&self, node: NodeId, key: &NameKey, name: &[u8]) -> Lead {
        let node = &self.nodes[node.index()];
        let mut slot = key.hash() as usize;
        while let Some(index) = node.table.get(slot & node.table.len().wrapping_sub(1)).and_then(|at| at.checked_sub(1))
        {
            let child = &node.children[usize::from(index)];
            if child.key == *key && (key.length <= 16 || *child.name == *name) {
                return Lead { node: child.node, child: Some(index) };
            }
            slot += 1;
        }
        Lead { node: node.any.unwrap_or(NodeId::NONE), child: None }
    }

    /// Where a member leads if it is the child at `guess`.
    #[inline(always)]
    pub fn guessed(&self, node: NodeId, guess: u16, key: &NameKey, text: &[u8], name: Span) -> Option<Lead> {
        let child = self.nodes[node.index()].children.get(usize::from(guess))?;
        let same = child.key == *key && (key.length <= 16 || *child.name == *name.of(text));
        same.then_some(Lead { node: child.node, child: Some(guess) })
    }

    /// How many nodes there are.
    pub const fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// Where the elements of `node` lead.
    #[inline]
    pub fn element(&self, node: NodeId) -> NodeId {
        self.nodes[node.index()].any.unwrap_or(NodeId::NONE)
    }
}

/// The hash table of a node's children.
fn table(children: &[Child]) -> Box<[u16]> {
    if children.is_empty() {
        return Box::default();
    }
    let mut table = vec![0; (children.len() * 2).next_power_of_two()];
    for (index, child) in children.iter().enumerate() {
        let mut slot = child.key.hash() as usize;
        while table[slot & (table.len() - 1)] != 0 {
            slot += 1;
        }
        let length = table.len();
        table[slot & (length - 1)] = index as u16 + 1;
    }
    table.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_path_comes_first() {
        let paths: Vec<Vec<Step<'_>>> = [
            vec![Some("items"), None],
            vec![Some("items"), Some("name")],
            vec![Some("items"), None, Some("id")],
            vec![Some("items"), Some("name"), None],
            vec![],
            vec![Some("a_long_member_name"), Some("a_long_member_nape")],
        ]
        .to_vec();
        let compiled = Paths::compile(&paths).expect("few nodes");
        let reach = |steps: &[&str]| {
            let mut node = NodeId::ROOT;
            for step in steps {
                node = if *step == "#" { compiled.element(node) } else { compiled.member(node, step.as_bytes()) };
                if node == NodeId::NONE {
                    return vec![99];
                }
            }
            compiled.ends(node).to_vec()
        };
        for (steps, expected) in [
            (&[][..], &[4][..]),
            (&["items", "name"], &[1, 0]),
            (&["items", "other"], &[0]),
            (&["items", "#"], &[0]),
            (&["items", "name", "id"], &[3, 2]),
            (&["items", "other", "id"], &[2]),
            (&["items", "name", "x"], &[3]),
            (&["items", "other", "x"], &[99]),
            (&["name"], &[99]),
            (&["a_long_member_name", "a_long_member_nape"], &[5]),
            (&["a_long_member_name", "a_long_member_name"], &[99]),
        ] {
            assert_eq!(reach(steps), expected, "{steps:?}");
        }
    }
}
