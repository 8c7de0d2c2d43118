//! Files and standard input in pieces of whole lines, read by a thread of their own.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender, TryRecvError};

use super::{Exit, Failure};
use crate::limits::PAYLOAD_BYTES_MAX;

/// Bytes of a piece, about: large enough that its hand-over is not felt, small enough for the second-level cache.
const PIECE_BYTES: usize = PAYLOAD_BYTES_MAX;

/// Whole lines of one input.
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
        let paths = if paths.is_empty() { vec![PathBuf::from("-")] } else { paths.to_vec() };
        let (mut faults, mut total_bytes) = (Vec::new(), Some(0));
        for path in &paths {
            let looked = if is_stdin(path) { Ok(None) } else { look(path) };
            match looked {
                Ok(length) => total_bytes = total_bytes.zip(length).map(|(total, length)| total + length),
                Err(error) => faults.push(format!("{}: {error}", path.display())),
            }
        }
        if faults.is_empty() {
            return Ok(Self { paths, total_bytes });
        }
        Err(Failure::say(Exit::Data, format_args!("nothing was read: {}", faults.join("; ")))
            .help("name files that can be read, or `-` for standard input"))
    }

    /// How an input is called in complaints.
    pub(super) fn name(&self, input: usize) -> String {
        match self.paths.get(input) {
            Some(path) if !is_stdin(path) => path.display().to_string(),
            _ => String::from("stdin"),
        }
    }

    /// Starts to read; at most `ahead` pieces wait to be taken.
    pub(super) fn read(&self, ahead: usize) -> Pieces {
        let (send, pieces) = mpsc::sync_channel(ahead);
        let (give_back, spare) = mpsc::channel();
        let paths = self.paths.clone();
        // Not joined: it may wait on a terminal when nobody wants its lines any more.
        std::thread::spawn(move || {
            for (input, path) in paths.iter().enumerate() {
                if !read_input(input, path, &send, &spare) {
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

/// Reads one input to its end; `false` when nobody takes the pieces any more, or after an error.
fn read_input(input: usize, path: &Path, send: &SyncSender<io::Result<Piece>>, spare: &Receiver<Piece>) -> bool {
    let from: io::Result<Box<dyn Read>> = match is_stdin(path) {
        true => Ok(Box::new(io::stdin())),
        false => File::open(path).map(|file| Box::new(file) as Box<dyn Read>),
    };
    let fail = |error: io::Error| {
        let named = io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        // Where nobody takes it any more, the error is of no use either.
        let _ = send.send(Err(named));
        false
    };
    let mut reader = match from {
        Ok(from) => Reader::new(from, input),
        Err(error) => return fail(error),
    };
    loop {
        let mut piece = spare.try_recv().unwrap_or_default();
        match reader.next(&mut piece) {
            Ok(true) if send.send(Ok(piece)).is_err() => return false,
            Ok(true) => {}
            Ok(false) => return true,
            Err(error) => return fail(error),
        }
    }
}

/// Cuts what it reads at the ends of lines.
struct Reader<R> {
    from: R,
    input: usize,
    /// The beginning of a line whose end was not read yet.
    rest: Vec<u8>,
    line: u64,
    ended: bool,
}

impl<R: Read> Reader<R> {
    fn new(from: R, input: usize) -> Self {
        Self { from, input, rest: Vec::new(), line: 1, ended: false }
    }

    /// Fills the next piece with all whole lines that are there, at least one; `false` at the end.
    ///
    /// A pipe gives what it has: a line is passed on as soon as it is complete.
    fn next(&mut self, piece: &mut Piece) -> io::Result<bool> {
        let Piece { bytes, .. } = piece;
        bytes.clear();
        bytes.append(&mut self.rest);
        let mut whole = None;
        while whole.is_none() && !self.ended && bytes.len() <= PAYLOAD_BYTES_MAX {
            let old = bytes.len();
            self.fill(bytes)?;
            whole = bytes[old..].iter().rposition(|&byte| byte == b'\n').map(|at| old + at + 1);
        }
        piece.input = self.input;
        piece.first = self.line;
        piece.oversized = whole.is_none() && bytes.len() > PAYLOAD_BYTES_MAX;
        if piece.oversized {
            piece.read = self.skip(bytes)?;
            self.line += 1;
            return Ok(true);
        }
        let end = whole.unwrap_or(bytes.len());
        self.rest.extend_from_slice(&bytes[end..]);
        bytes.truncate(end);
        piece.read = end as u64;
        self.line += bytes.iter().filter(|&&byte| byte == b'\n').count() as u64;
        Ok(!bytes.is_empty())
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
        let mut reader = Reader::new(Slow(bytes, step), 0);
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
