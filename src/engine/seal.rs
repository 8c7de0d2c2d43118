//! Values that are to be sealed: staged while their record is written, closed in one call a record when the batch ends.

use std::ops::Range;

use zeroize::Zeroize;

use super::day::Days;
use super::object::Open;
use super::outcome::Treated;
use super::plan::Plan;
use super::scratch::Resolved;
use super::write::Writer;
use crate::find::escape::{escape, unescape};
use crate::find::json::{Node, Shape};
use crate::pseudonym::seal::{self, Context, NONCE_BYTES, TAG_BYTES};
use crate::pseudonym::token;
use crate::route::TierId;

/// An output that has kept room for its envelope.
#[derive(Debug)]
struct Waiting {
    source: u16,
    tier: TierId,
    /// The number of its keys.
    slot: usize,
    /// Nonce, plaintext and tag: a range of `Seals::boxes`.
    content: Range<usize>,
    /// The room: a range of the output.
    envelope: Range<usize>,
    /// Where the letters of the record's id stand in the output, if the tier has them.
    record_id: Option<usize>,
    /// Of a record that is sealed whole: its place in `Seals::boxes`, and where it stands in the output until then.
    body: Option<(usize, Range<usize>)>,
}

/// The sealed values of one batch.
#[derive(Default)]
pub(super) struct Seals {
    /// Back to back: room for a nonce, values, room for a tag.
    boxes: Vec<u8>,
    /// In the order of the outputs, which is that of the nonces in `Days`.
    waiting: Vec<Waiting>,
    /// While they are closed: the nonces, associated data.
    hashes: Vec<[u8; 32]>,
    data: Vec<u8>,
    /// The path of the value that is being staged, and a name without its escapes.
    path: Vec<u8>,
    name: Vec<u8>,
}

impl std::fmt::Debug for Seals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Seals({} records, {} bytes)", self.waiting.len(), self.boxes.len())
    }
}

impl Drop for Seals {
    fn drop(&mut self) {
        self.boxes.zeroize();
    }
}

impl Seals {
    /// How many outputs wait.
    pub(super) const fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Takes back all outputs but the first `len`, and whatever was staged after them: it is wiped.
    pub(super) fn truncate(&mut self, len: usize) {
        self.waiting.truncate(len);
        let end = self.closed();
        self.boxes[end..].zeroize();
        self.boxes.truncate(end);
    }

    /// Where the boxes of the outputs before this one end.
    fn closed(&self) -> usize {
        self.waiting.last().map_or(0, |waiting| waiting.content.end)
    }

    /// Adds a value at `self.path` to the box of the output that is being written; `texts` are its raw JSON text.
    fn stage(&mut self, texts: [&[u8]; 3]) {
        self.stage_head(texts.iter().map(|text| text.len()).sum());
        for text in texts {
            self.boxes.extend_from_slice(text);
        }
    }

    /// Appends `path` and room for a value of so many bytes; gives where the room begins.
    fn stage_blank(&mut self, bytes: usize) -> usize {
        self.stage_head(bytes);
        let start = self.boxes.len();
        self.boxes.resize(start + bytes, 0);
        start
    }

    /// Appends `path` and the length of its value, with room for what follows.
    fn stage_head(&mut self, bytes: usize) {
        self.reserve(NONCE_BYTES + 4 + self.path.len() + 4 + bytes + TAG_BYTES);
        if self.boxes.len() == self.closed() {
            self.boxes.extend_from_slice(&[0; NONCE_BYTES]);
        }
        seal::push(&mut self.boxes, &self.path);
        self.boxes.extend_from_slice(&(bytes as u32).to_le_bytes());
    }

    /// Makes room by hand: a vector that grows by itself leaves what it held behind in freed memory.
    fn reserve(&mut self, bytes: usize) {
        if self.boxes.capacity() - self.boxes.len() < bytes {
            let mut wider = Vec::with_capacity((self.boxes.capacity() * 2).max(self.boxes.len() + bytes));
            wider.extend_from_slice(&self.boxes);
            self.boxes.zeroize();
            self.boxes = wider;
        }
    }

    /// Closes every box into the room that its output has kept. The letters of record ids must be there already.
    pub(super) fn settle(&mut self, days: &mut Days, plan: &Plan, policy: [u8; 8], out: &mut Treated) {
        if self.waiting.is_empty() {
            return;
        }
        let Self { boxes, waiting, hashes, data, .. } = self;
        days.settle_nonces(hashes);
        assert_eq!(hashes.len(), waiting.len(), "every envelope has a nonce");
        for (one, hash) in waiting.drain(..).zip(&*hashes) {
            let Waiting { source, tier, slot, content, envelope, record_id, body } = one;
            if let Some((at, body)) = body {
                // Its tokens have their letters now.
                boxes[at..at + body.len()].copy_from_slice(&out.bytes[body]);
            }
            let keys = days.keys(slot).seal.as_ref().expect("keys of a tier that seals");
            let (front, behind) = out.bytes.split_at_mut(envelope.end);
            let record_id = record_id.map_or(&[][..], |at| &behind[at - envelope.end..][..token::LETTERS]);
            let context = Context {
                tier: &plan.tiers[usize::from(tier.0)].name,
                source: &plan.sources[usize::from(source)].name,
                key: keys.id,
                policy,
                record_id,
            };
            let content = &mut boxes[content];
            content[..NONCE_BYTES].copy_from_slice(&hash[..NONCE_BYTES]);
            seal::close(&keys.seal, &context, content, data, &mut front[envelope]);
        }
        // What the boxes hold now is ciphertext.
        boxes.clear();
    }

    /// Appends a name to the path, as RFC 6901 writes it; `name` is the inside of a JSON string.
    fn push_name(&mut self, name: &[u8]) {
        self.path.push(b'/');
        let plain = if name.contains(&b'\\') {
            self.name.clear();
            unescape(name, &mut self.name);
            &self.name[..]
        } else {
            name
        };
        for byte in plain {
            match byte {
                b'~' => self.path.extend_from_slice(b"~0"),
                b'/' => self.path.extend_from_slice(b"~1"),
                byte => self.path.push(*byte),
            }
        }
    }

    fn push_index(&mut self, index: u32) {
        let mut digits = [0u8; 10];
        let mut at = digits.len();
        let mut rest = index;
        loop {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.path.push(b'/');
        self.path.extend_from_slice(&digits[at..]);
    }
}

impl Writer<'_> {
    /// Stages a value or a whole container of a JSON record; `open` are the containers around it.
    #[inline(never)]
    pub(super) fn seal_node(
        &mut self,
        index: usize,
        nodes: &[Node],
        resolved: &[Resolved],
        value: &str,
        open: &mut [Open],
    ) {
        self.seals.path.clear();
        for level in 0..open.len() {
            let within = open.get(level + 1).map_or(index, |inner| inner.node as usize);
            if open[level].array {
                let place = open[level].element(within, nodes, resolved);
                self.seals.push_index(place);
            } else {
                self.seals.push_name(nodes[within].name.of(value.as_bytes()));
            }
        }
        let node = &nodes[index];
        let (start, end) = (node.span.start as usize, node.span.end as usize);
        let range = match node.shape {
            Shape::String => start - 1..end + 1,
            Shape::Object | Shape::Array => start..nodes[resolved[index].close as usize].span.end as usize,
            Shape::Number | Shape::Bool | Shape::Null | Shape::Close => start..end,
        };
        self.seals.stage([&value.as_bytes()[range], b"", b""]);
    }

    /// Stages a field of a line, as the JSON string that it would be.
    pub(super) fn seal_field(&mut self, name: &str, text: &str) {
        let Self { seals, words, .. } = self;
        seals.path.clear();
        words.formed.clear();
        escape(name.as_bytes(), &mut words.formed);
        seals.push_name(&words.formed);
        words.formed.clear();
        escape(text.as_bytes(), &mut words.formed);
        seals.stage([b"\"", &words.formed, b"\""]);
    }

    /// Writes the member `sealed` with room for what was staged of this output; nothing, where nothing was.
    ///
    /// The caller fills the frame of the nonce, and says later where the record's id stands.
    pub(super) fn envelope(&mut self, source: u16) -> bool {
        if self.seals.boxes.len() == self.seals.closed() {
            return false;
        }
        self.member_name(b"sealed");
        self.out.push(b'"');
        self.keep_room(source, self.out.len(), None);
        true
    }

    /// Makes of the whole record, which begins at `start` and is still open at its end, the content of its envelope: the
    /// entry with the empty path, behind those of the values that are sealed in it.
    ///
    /// The caller goes on as after [`Writer::envelope`].
    pub(super) fn body_envelope(&mut self, source: u16, start: usize) -> bool {
        self.out.push(b'}');
        let body = start..self.out.len();
        self.seals.path.clear();
        let place = self.seals.stage_blank(body.len());
        self.keep_room(source, start, Some((place, body)));
        true
    }

    /// Keeps room for the envelope from `start` on, where the record itself may stand until it is closed.
    fn keep_room(&mut self, source: u16, start: usize, body: Option<(usize, Range<usize>)>) {
        let from = self.seals.closed();
        self.seals.reserve(TAG_BYTES);
        self.seals.boxes.extend_from_slice(&[0; TAG_BYTES]);
        let content = from..self.seals.boxes.len();
        // An envelope is longer than what lies in it.
        let envelope = start..start + seal::written_bytes(content.len());
        self.out.resize(envelope.end, b'?');
        self.out.push(b'"');
        let (tier, slot) = (self.tier, self.slot);
        self.seals.waiting.push(Waiting { source, tier, slot, content, envelope, record_id: None, body });
    }

    /// Notes where the letters of the id stand, for the envelope that was written last.
    pub(super) fn seal_to(&mut self, record_id: Option<usize>) {
        if let Some(waiting) = self.seals.waiting.last_mut() {
            waiting.record_id = record_id;
        }
    }
}
