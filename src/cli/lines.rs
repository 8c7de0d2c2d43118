//! Files and standard input in pieces of whole lines, read by a thread of their own.

mod decoded;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender, TryRecvError};

use encoding_rs::Encoding;

use self::decoded::Decoded;
use super::{Exit, Failure};
use crate::limits::{LINE_BYTES_MAX, LINES_AHEAD_BYTES_MAX, PAYLOAD_BYTES_MAX, WINDOW_OVERLAP_BYTES};

/// Bytes of a piece, about: large enough that its hand-over is not felt, small enough for the second-level cache.
const PIECE_BYTES: usize = PAYLOAD_BYTES_MAX;

/// A piece longer than this holds one long line; its memory is not kept for others.
const LONG_BYTES: usize = 4 * PIECE_BYTES;

/// What lines are read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// Records: a line longer than a payload may be is dropped, and an input that cannot be read on ends everything.
    Records,
    /// Texts: a line that is too long comes in parts, an input that cannot be read on says so and the next one follows. A
    /// byte order mark is taken away, and bytes of another encoding become UTF-8.
    Texts(Option<&'static Encoding>),
}

/// Whole lines of one input, or a part of a line that is too long to be had whole.
#[derive(Debug, Default)]
pub(super) struct Piece {
    /// Which input, from 0.
    pub(super) input: usize,
    /// Number of the first line, from 1.
    pub(super) first: u64,
    /// The lines, with their ends. Empty where `oversized` is set.
    pub(super) bytes: Vec<u8>,
    /// The piece stands for one line that is longer than a payload may be and was not kept.
    pub(super) oversized: bool,
    /// Bytes of the input that it covers.
    pub(super) read: u64,
    /// Where the piece begins in its first line, in bytes; more than 0 in the later parts of a line. The first
    /// `2 * WINDOW_OVERLAP_BYTES` of such a part were the last ones of the part before.
    pub(super) from: u64,
    /// Whether its line goes on in the next piece.
    pub(super) goes_on: bool,
    /// Whether the input begins with the mark of UTF-16.
    pub(super) utf16: bool,
    /// Why the input cannot be read on; then there are no bytes.
    pub(super) failed: Option<io::Error>,
}

/// The inputs of a command line: files, or standard input for `-` and where nothing is named.
pub(super) struct Inputs {
    paths: Vec<PathBuf>,
    /// Bytes of all files, where all are plain files.
    pub(super) total_bytes: Option<u64>,
}

impl Inputs {
    /// Looks at every file before any is read.
    ///
    /// # Errors
    /// [`Exit::Data`], naming every file that cannot be opened.
    pub(super) fn open(paths: &[PathBuf]) -> Result<Self, Failure> {
        let (inputs, faults) = Self::open_some(paths);
        if faults.is_empty() {
            return Ok(inputs);
        }
        Err(Failure::say(Exit::Data, format_args!("nothing was read: {}", faults.join("; ")))
            .help("name files that can be read, or `-` for standard input"))
    }

    /// The files that can be opened, and a complaint about each of the others.
    pub(super) fn open_some(paths: &[PathBuf]) -> (Self, Vec<String>) {
        let all = if paths.is_empty() { vec![PathBuf::from("-")] } else { paths.to_vec() };
        let (mut paths, mut faults, mut total_bytes) = (Vec::new(), Vec::new(), Some(0));
        for path in all {
            let looked = if is_stdin(&path) { Ok(None) } else { look(&path) };
            match looked {
                Ok(length) => {
                    total_bytes = total_bytes.zip(length).map(|(total, length)| total + length);
                    paths.push(path);
                }
                Err(error) => faults.push(format!("{}: {error}", path.display())),
            }
        }
        (Self { paths, total_bytes }, faults)
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.paths.len()
    }

    /// How an input is called in complaints.
    pub(super) fn name(&self, input: usize) -> String {
        match self.paths.get(input) {
            Some(path) if !is_stdin(path) => path.display().to_string(),
            _ => String::from("stdin"),
        }
    }

    /// Starts to read; at most `ahead` pieces wait to be taken.
    pub(super) fn read(&self, reading: Reading, ahead: usize) -> Pieces {
        let (send, pieces) = mpsc::sync_channel(ahead);
        let (give_back, spare) = mpsc::channel();
        let paths = self.paths.clone();
        // Not joined: it may wait on a terminal when nobody wants its lines any more.
        std::thread::spawn(move || {
            let mut out = Outlet { send, spare, long_bytes: 0 };
            for (input, path) in paths.iter().enumerate() {
                if !read_input(reading, input, path, &mut out) {
                    return;
                }
            }
        });
        Pieces { pieces, give_back }
    }
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// The length of a plain file; none for a pipe or a device.
fn look(path: &Path) -> io::Result<Option<u64>> {
    let metadata = File::open(path)?.metadata()?;
    match metadata.is_dir() {
        true => Err(io::ErrorKind::IsADirectory.into()),
        false => Ok(metadata.is_file().then_some(metadata.len())),
    }
}

/// The pieces of all inputs, in order.
pub(super) struct Pieces {
    pieces: Receiver<io::Result<Piece>>,
    give_back: Sender<Piece>,
}

/// What [`Pieces::take`] found.
pub(super) enum Taken {
    /// Some pieces.
    Some(Vec<Piece>),
    /// None yet; more may come.
    NotYet,
    /// All were taken.
    End,
}

impl Pieces {
    /// Takes what is there, at most `most` pieces. With `wait`, it waits for the first.
    ///
    /// # Errors
    /// When an input cannot be read on.
    pub(super) fn take(&self, most: usize, wait: bool) -> io::Result<Taken> {
        let first = match wait {
            true => self.pieces.recv().map_err(|_| TryRecvError::Disconnected),
            false => self.pieces.try_recv(),
        };
        let mut pieces = match first {
            Ok(piece) => vec![piece?],
            Err(TryRecvError::Empty) => return Ok(Taken::NotYet),
            Err(TryRecvError::Disconnected) => return Ok(Taken::End),
        };
        while pieces.len() < most {
            match self.pieces.try_recv() {
                Ok(piece) => pieces.push(piece?),
                Err(_) => break,
            }
        }
        Ok(Taken::Some(pieces))
    }

    /// Gives the memory of a piece back to the reader.
    pub(super) fn give_back(&self, piece: Piece) {
        // A reader that has ended needs none.
        let _ = self.give_back.send(piece);
    }
}

/// Where the reader's pieces go, and whence their memory comes back.
struct Outlet {
    send: SyncSender<io::Result<Piece>>,
    spare: Receiver<Piece>,
    /// Bytes of the long pieces that have not come back.
    long_bytes: usize,
}

impl Outlet {
    /// An empty piece, in memory that came back where there is some. Waits while too many long lines are under way; `None`
    /// when nobody takes pieces any more.
    fn piece(&mut self) -> Option<Piece> {
        let mut bytes = Vec::new();
        loop {
            let back = match self.long_bytes > LINES_AHEAD_BYTES_MAX {
                true => Some(self.spare.recv().ok()?),
                false if bytes.capacity() > 0 => None,
                false => self.spare.try_recv().ok(),
            };
            match back {
                None => break,
                Some(piece) if piece.bytes.len() > LONG_BYTES => self.long_bytes -= piece.bytes.len(),
                Some(piece) => bytes = piece.bytes,
            }
        }
        bytes.clear();
        Some(Piece { bytes, ..Piece::default() })
    }

    /// Hands a piece over; `false` when nobody takes it.
    fn hand(&mut self, piece: Piece) -> bool {
        if piece.bytes.len() > LONG_BYTES {
            self.long_bytes += piece.bytes.len();
        }
        self.send.send(Ok(piece)).is_ok()
    }
}

/// Reads one input to its end; `false` when nobody takes the pieces any more, or after an error in a record.
fn read_input(reading: Reading, input: usize, path: &Path, out: &mut Outlet) -> bool {
    let from: io::Result<Box<dyn Read>> = match is_stdin(path) {
        true => Ok(Box::new(io::stdin())),
        false => File::open(path).map(|file| Box::new(file) as Box<dyn Read>),
    };
    let mut reader = match (from, reading) {
        (Ok(from), Reading::Texts(Some(encoding))) => {
            Ok(Reader::new(Box::new(Decoded::new(from, encoding)) as Box<dyn Read>, input, reading))
        }
        (Ok(from), _) => Ok(Reader::new(from, input, reading)),
        (Err(error), _) => Err(error),
    };
    loop {
        let Some(mut piece) = out.piece() else { return false };
        let more = match &mut reader {
            Ok(reader) => reader.next(&mut piece),
            Err(error) => Err(std::mem::replace(error, io::ErrorKind::Other.into())),
        };
        match more {
            Ok(true) if !out.hand(piece) => return false,
            Ok(true) => {}
            Ok(false) => return true,
            Err(error) => {
                let named = io::Error::new(error.kind(), format!("{}: {error}", path.display()));
                // Where nobody takes it any more, the error is of no use either.
                if reading != Reading::Records {
                    return out.hand(Piece { input, failed: Some(named), ..Piece::default() });
                }
                let _ = out.send.send(Err(named));
                return false;
            }
        }
    }
}

/// Cuts what it reads at the ends of lines.
struct Reader<R> {
    from: R,
    input: usize,
    reading: Reading,
    /// The longest line that is had whole, in bytes.
    line_bytes_max: usize,
    /// The beginning of a line whose end was not read yet.
    rest: Vec<u8>,
    line: u64,
    /// Where `rest` begins in its line: more than 0 within a line that comes in parts.
    within: u64,
    begun: bool,
    ended: bool,
}

impl<R: Read> Reader<R> {
    fn new(from: R, input: usize, reading: Reading) -> Self {
        let line_bytes_max = match reading {
            Reading::Records => PAYLOAD_BYTES_MAX,
            Reading::Texts(_) => LINE_BYTES_MAX,
        };
        Self { from, input, reading, line_bytes_max, rest: Vec::new(), line: 1, within: 0, begun: false, ended: false }
    }

    /// Fills the next piece with all whole lines that are there, at least one; `false` at the end.
    ///
    /// A pipe gives what it has: a line is passed on as soon as it is complete.
    fn next(&mut self, piece: &mut Piece) -> io::Result<bool> {
        let mut bytes = std::mem::take(&mut piece.bytes);
        bytes.clear();
        bytes.append(&mut self.rest);
        *piece = Piece { bytes, input: self.input, first: self.line, from: self.within, ..Piece::default() };
        if self.within > 0 {
            return self.next_part(piece);
        }
        let Piece { bytes, .. } = piece;
        // Where a line was dropped, what was read with its end may hold whole lines.
        let mut whole = memchr::memrchr(b'\n', bytes).map(|at| at + 1);
        let mut mark = 0;
        while whole.is_none() && !self.ended && bytes.len() <= self.line_bytes_max {
            let old = bytes.len();
            self.fill(bytes)?;
            mark += self.begin(bytes, &mut piece.utf16);
            let old = old.min(bytes.len());
            whole = memchr::memrchr(b'\n', &bytes[old..]).map(|at| old + at + 1);
        }
        if whole.is_none() && bytes.len() > self.line_bytes_max {
            if self.reading != Reading::Records {
                piece.read = (bytes.len() + mark) as u64;
                self.go_on(piece);
                return Ok(true);
            }
            piece.oversized = true;
            piece.read = self.skip(bytes)?;
            self.line += 1;
            return Ok(true);
        }
        let end = whole.unwrap_or(bytes.len());
        self.rest.extend_from_slice(&bytes[end..]);
        bytes.truncate(end);
        piece.read = (end + mark) as u64;
        self.line += memchr::memchr_iter(b'\n', bytes).count() as u64;
        Ok(!bytes.is_empty())
    }

    /// Takes the byte order mark away that texts may begin with; how many bytes it had.
    fn begin(&mut self, bytes: &mut Vec<u8>, utf16: &mut bool) -> usize {
        const MARK: &[u8] = b"\xEF\xBB\xBF";
        // A pipe may give the mark byte by byte.
        let comes = bytes.len() < MARK.len() && MARK.starts_with(bytes) && !self.ended;
        if self.begun || self.reading == Reading::Records || comes {
            return 0;
        }
        self.begun = true;
        *utf16 = bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF");
        if !bytes.starts_with(MARK) {
            return 0;
        }
        bytes.drain(..MARK.len());
        MARK.len()
    }

    /// Fills the next piece with a later part of a long line; its last one ends with the line. What is there of it already
    /// was the end of the part before.
    fn next_part(&mut self, piece: &mut Piece) -> io::Result<bool> {
        let bytes = &mut piece.bytes;
        let old = bytes.len();
        let mut seen = old;
        let end = loop {
            if self.ended || bytes.len() > old + PIECE_BYTES {
                break None;
            }
            self.fill(bytes)?;
            if let Some(at) = memchr::memchr(b'\n', &bytes[seen..]) {
                break Some(seen + at + 1);
            }
            seen = bytes.len();
        };
        if end.is_none() && !self.ended {
            piece.read = (bytes.len() - old) as u64;
            self.go_on(piece);
            return Ok(true);
        }
        let end = end.unwrap_or(bytes.len());
        self.rest.extend_from_slice(&bytes[end..]);
        bytes.truncate(end);
        piece.read = (end - old) as u64;
        self.within = 0;
        self.line += 1;
        Ok(true)
    }

    /// Makes the piece a part that the next one goes on from.
    fn go_on(&mut self, piece: &mut Piece) {
        let kept = piece.bytes.len() - 2 * WINDOW_OVERLAP_BYTES;
        self.rest.extend_from_slice(&piece.bytes[kept..]);
        self.within = piece.from + kept as u64;
        piece.goes_on = true;
    }

    /// Reads once, up to a piece.
    fn fill(&mut self, bytes: &mut Vec<u8>) -> io::Result<()> {
        let old = bytes.len();
        bytes.resize(old + PIECE_BYTES, 0);
        let read = loop {
            match self.from.read(&mut bytes[old..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        bytes.truncate(old + *read.as_ref().unwrap_or(&0));
        self.ended = read? == 0;
        Ok(())
    }

    /// Drops the line that begins in `bytes`; what follows it goes to `rest`. Gives the bytes dropped.
    fn skip(&mut self, bytes: &mut Vec<u8>) -> io::Result<u64> {
        let mut skipped = 0;
        loop {
            let end = bytes.iter().position(|&byte| byte == b'\n');
            skipped += end.map_or(bytes.len(), |end| end + 1) as u64;
            if let Some(end) = end {
                self.rest.extend_from_slice(&bytes[end + 1..]);
            }
            bytes.clear();
            if end.is_some() || self.ended {
                return Ok(skipped);
            }
            self.fill(bytes)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its bytes in reads of at most so many.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let step = buffer.len().min(self.1);
            self.0.read(&mut buffer[..step])
        }
    }

    /// The lines as the pieces hold them: number and length, `None` for an oversized one.
    fn lines(bytes: &[u8], step: usize) -> Vec<(u64, Option<usize>)> {
        let mut reader = Reader::new(Slow(bytes, step), 0, Reading::Records);
        let (mut piece, mut seen, mut read) = (Piece::default(), Vec::new(), 0);
        while reader.next(&mut piece).expect("memory can be read") {
            read += piece.read;
            if piece.oversized {
                seen.push((piece.first, None));
                continue;
            }
            let text = piece.bytes.strip_suffix(b"\n").unwrap_or(&piece.bytes);
            seen.extend(text.split(|&byte| byte == b'\n').zip(piece.first..).map(|(line, at)| (at, Some(line.len()))));
        }
        assert_eq!(read, bytes.len() as u64);
        seen
    }

    #[test]
    fn pieces_end_where_lines_end_and_count_them() {
        let limit = PAYLOAD_BYTES_MAX;
        for lengths in [
            vec![],
            vec![3],
            vec![0, 0, 5, 0],
            vec![limit, limit - 1, 1],
            vec![limit + 1],
            vec![7, 3 * limit, 7, limit, 9],
            vec![3 * limit, 7, 3 * limit, 5],
            vec![limit / 2; 7],
        ] {
            for last_end in [false, true] {
                let mut bytes: Vec<u8> =
                    lengths.iter().map(|&length| vec![b'x'; length]).collect::<Vec<_>>().join(&b'\n');
                if last_end && !lengths.is_empty() {
                    bytes.push(b'\n');
                }
                let wanted: Vec<_> =
                    (1..).zip(&lengths).map(|(at, &length)| (at, (length <= limit).then_some(length))).collect();
                // Without its end, an empty last line is no line.
                let wanted =
                    if !last_end && lengths.last() == Some(&0) { &wanted[..wanted.len() - 1] } else { &wanted };
                for step in [5_000, 65_536, usize::MAX] {
                    // Where a piece holds a line that is too long, the engine refuses it: the outcome is the same.
                    let seen: Vec<_> =
                        lines(&bytes, step).into_iter().map(|(at, it)| (at, it.filter(|&it| it <= limit))).collect();
                    assert_eq!(seen, wanted, "lines of {lengths:?}, reads of {step}");
                }
            }
        }
    }
}
