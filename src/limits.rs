//! Every bound of garim, with its unit, its reason, and what ties it to the others.

/// Longest message value accepted, in bytes.
///
/// Kafka's default `message.max.bytes` is 1 MiB and a little framing; a larger record could not be
/// written back.
pub const PAYLOAD_BYTES_MAX: usize = 1 << 20;

/// Longest treated record that is produced, in bytes.
///
/// The broker's default limit (1,048,588) counts the whole batch; 2 KiB are left for key, headers
/// and framing.
pub const OUTPUT_BYTES_MAX: usize = (1 << 20) - (2 << 10);

/// Longest sealed record in a quarantine notice, in bytes as JSON writes them; what is longer is left out.
///
/// A notice goes where a treated record goes; 4 KiB are left for its other members and its headers. Twice base64 and the
/// armor make 16 bytes of 9, so values up to about 550 KiB fit.
pub const SEALED_BYTES_MAX: usize = OUTPUT_BYTES_MAX - (4 << 10);

/// Deepest nesting of arrays and objects in one JSON record.
///
/// Activity logs nest five levels; 64 is what common readers accept without recursion trouble.
pub const DEPTH_MAX: usize = 64;

/// Most members and elements in one JSON record, over all levels.
pub const NODES_MAX: usize = 1 << 14;

/// Longest value that is laid directly into a hash frame, in bytes; a longer one is digested first.
pub const FRAME_VALUE_BYTES: usize = 58;

/// One block of the keyed hash, in bytes (BLAKE3's block).
pub const FRAME_BYTES: usize = 64;

/// Most derived key sets that a lane keeps from one batch to the next; the least recently used go.
///
/// 64 tiers over 31 days of events are 1,984 sets; the rest is for tenants. A set is at most seven cells of 64 bytes.
pub const DERIVED_KEYS_MAX: usize = 8192;

/// Bytes of the stack that are overwritten after a batch: a state of BLAKE3 is 1.9 KiB, and no call chain of a
/// treatment holds more than a few of them.
pub const STACK_WIPED_BYTES: usize = 32 << 10;

/// Written length of a token, in bytes: two letters of kind, six of key, 32 of value, two underscores.
pub const TOKEN_BYTES: usize = 2 + 1 + 6 + 1 + 32;

/// Written length of the `garim` provenance string, in bytes: eight letters of the policy digest, a dot, 32 letters.
pub const PROVENANCE_BYTES: usize = 8 + 1 + 32;

/// Most tiers in one policy; a set of tiers fits a machine word.
pub const TIERS_MAX: usize = 64;

/// Most tenants whose records one recipient gets: the engine tells 126 values of a field apart, and other conditions may
/// ask about it too.
pub const RECIPIENT_TENANTS_MAX: usize = 100;

/// Most records in one treated batch: input and output of a typical batch stay in the second-level cache.
pub const BATCH_RECORDS_MAX: usize = 4096;

/// Most input bytes in one treated batch.
pub const BATCH_BYTES_MAX: usize = 2 << 20;

/// How far before a value its label is looked for, in characters: `주민등록번호(외국인은 외국인등록번호, 앞 뒤 모두) : `.
pub const LABEL_CHARS_MAX: usize = 40;

/// Most layers of escapes or percent-encoding taken off a text beyond its own JSON string: JSON in JSON in a query is
/// two, and one is spare. A text nested deeper is searched as it then stands.
pub const UNESCAPES_MAX: usize = 3;

const _: () = assert!(FRAME_VALUE_BYTES + 6 == FRAME_BYTES);
const _: () = assert!(OUTPUT_BYTES_MAX < PAYLOAD_BYTES_MAX);
const _: () = assert!(PAYLOAD_BYTES_MAX <= BATCH_BYTES_MAX);

/// Longest time one call of the client library may take before the watchdog ends the process, in milliseconds.
///
/// Twice the transaction time-out of 60 s: after that the broker has ended the transaction anyway.
pub const CALL_LIMIT_MS: u64 = 120_000;

/// Longest time the treatment of one batch may take before the watchdog ends the process, in milliseconds.
pub const TREAT_LIMIT_MS: u64 = 60_000;

/// Longest wait of one poll, in milliseconds: how long a stop or a reload may go unnoticed.
pub const POLL_WAIT_MS: u64 = 100;

/// First wait after a failed call, in milliseconds; it doubles with every further one.
pub const BACKOFF_MIN_MS: u64 = 50;

/// Longest wait after failed calls, in milliseconds: a broker that is back is noticed within this time.
pub const BACKOFF_MAX_MS: u64 = 10_000;

/// Longest wait after a failed poll, in milliseconds: the consumer mends itself, and an open window wants its commit.
pub const POLL_BACKOFF_MAX_MS: u64 = 1_000;

/// Tries to add offsets to a transaction before it is aborted; each has its own time-out.
pub const SEND_OFFSETS_TRIES_MAX: u32 = 3;

/// Tries to assign, release or seek partitions. These are local calls: what fails this often will not heal.
pub const ASSIGN_TRIES_MAX: u32 = 5;

/// How often a lane may lose its transactional id within [`FENCES_WITHIN_MS`] before it gives up.
///
/// One loss can be the broker's own time-out of a transaction; five in ten minutes are another process.
pub const FENCES_MAX: usize = 5;

/// The time over which [`FENCES_MAX`] counts, in milliseconds.
pub const FENCES_WITHIN_MS: u64 = 600_000;

const _: () = assert!(BACKOFF_MIN_MS < BACKOFF_MAX_MS && BACKOFF_MAX_MS < CALL_LIMIT_MS);

/// Longest wait for room in the client library's send queue, in milliseconds; below the call's own limit, so that the lane
/// hears of it before the watchdog does.
pub const QUEUE_WAIT_MS: u64 = 60_000;

/// Days that a tier whose end is an event of the subject keeps its bytes after they were appended (policy, R-028).
pub const TIER_KEEP_DAYS_MAX: u64 = 365;

/// Days added to a term's longest calendar length: the day on which the period ends (Civil Act 157, 159), and six by
/// which holidays may move that (a weekend before 추석 2028, which falls on 개천절); `tests/it/calendar.rs` counts them.
pub const TIER_KEEP_EXTRA_DAYS: u64 = 1 + 6;

/// Longest exact length of a tier, in seconds: 31 days. What is longer is counted by the calendar.
pub const EXACT_SECONDS_MAX: u32 = 31 * 24 * 60 * 60;

/// Time beyond its length and the span of a segment in which a record of an exact length is gone, in milliseconds: the
/// brokers look for what has ended every five minutes and remove a file one minute later (`log.retention.check.interval.ms`,
/// `file.delete.delay.ms` as Kafka has them), and as much again is left for a broker that is busy.
pub const EXACT_GRACE_MS: i64 = 10 * 60 * 1000;

/// Days that a quarantine topic keeps its notices: a refused record is looked at within a working week.
pub const QUARANTINE_KEEP_DAYS: u64 = 5;

/// Days that the topic of commit windows keeps its entries: a year, the longest common one; hosts that follow keep theirs
/// as long as they like.
pub const WINDOWS_KEEP_DAYS: u64 = 366;

/// Longest span of a segment of an output topic, in milliseconds: one day. The active segment is deleted only after it
/// has rolled, so its span is added to the retention.
pub const SEGMENT_MS_MAX: u64 = 24 * 60 * 60 * 1000;

/// Longest time for which deleted records may lie on the disk of a broker, in milliseconds: two days, the span of a segment
/// and as much again, after a deletion that comes in the first days of the five business days it has.
pub const FILE_MS_MAX: i64 = 2 * 24 * 60 * 60 * 1000;

/// Shortest span of a segment that garim asks for, in milliseconds: Kafka 5 takes no less.
pub const SEGMENT_MS_MIN: u64 = 60 * 1000;

/// Partitions of a topic whose input does not exist yet and for which none are given: twice three brokers.
pub const TOPIC_PARTITIONS_DEFAULT: i32 = 6;

const _: () = assert!(QUEUE_WAIT_MS < CALL_LIMIT_MS);

/// Longest wait for one answer of a broker about a topic that is a log, in milliseconds: an act waits for it, and with it a
/// person or a start.
pub const LOG_CALL_MS: u64 = 30_000;

/// Between two questions about a partition that has no leader yet, in milliseconds: an election takes a few hundred. They
/// are asked for `LOG_CALL_MS` at most.
pub const LOG_RETRY_MS: u64 = 200;

const _: () = assert!(2 * LOG_CALL_MS < CALL_LIMIT_MS && LOG_RETRY_MS < LOG_CALL_MS);

/// How often a follower of the audit looks for new entries, in milliseconds.
pub const FOLLOW_MS: u64 = 1_000;

/// Most entries that a follower takes in at once: ten full tiles, for a few waits for the disk.
pub const FOLLOW_ENTRIES_MAX: usize = 2560;

/// Most bytes that a follower takes in at once, but for the last entry.
pub const FOLLOW_BYTES_MAX: usize = 4 << 20;

/// How often the root of the tree of windows is written as an act while windows come, in milliseconds (`design.md` 10).
pub const WINDOWS_ROOT_MS: i64 = 60_000;

/// Longest wait at a stop for the last entries to be followed, in milliseconds; the next start follows what is left.
pub const FOLLOW_END_MS: u64 = 10_000;

/// Most days for which `garim keys new` makes keys at once: twenty years, four times the longest term of the notice.
pub const KEY_DAYS_MAX: u32 = 7306;

/// Most lanes of one process; each is a thread, a consumer and a producer with their own broker threads.
pub const LANES_MAX: usize = 64;

/// Years after this one whose holidays must be known: the longest legal minimum is five years, and its deadline may lie
/// in the next.
pub const HOLIDAY_YEARS_AHEAD: i16 = 6;

/// Records over which the share of refused ones is counted (`worker.max-refused`).
pub const REFUSED_WINDOW: u64 = 10_000;

/// Days around `--as-of` in which `garim mask` looks for keys: a century, since files may be as old as that.
pub const MASK_DAYS: u32 = 36_525;

/// How often a lane asks for the ends of partitions, in milliseconds.
pub const LAG_PERIOD_MS: u64 = 1_000;

/// Partitions that a lane asks about each time: a question takes about a millisecond, so lag costs a lane under 1 %.
pub const LAG_PARTS_MAX: usize = 4;

/// How often the supervisor looks after its lanes, in milliseconds.
pub const SUPERVISE_MS: u64 = 100;

/// Looks in a row at which a call must be overdue before the process ends for it.
pub const OVERDUE_LOOKS: u32 = 5;

/// Bytes of input that the demo leaves unread at most: all in one partition, they would still be less than half of the
/// 5 MiB that a partition of the embedded cluster keeps.
pub const DEMO_UNREAD_BYTES_MAX: u64 = 2 << 20;

/// Most records that one request of two people opens or replays: what a person can look through in days, not a table.
pub const REQUEST_RECORDS_MAX: u64 = 10_000;

/// Most refused records that one transaction of a replay takes up: some hundred milliseconds of work.
pub const REPLAY_RECORDS_MAX: usize = 500;

/// Most bytes of sealed records that one transaction of a replay takes up; the last one may go beyond.
pub const REPLAY_BYTES_MAX: usize = 8 << 20;

/// Longest file of records that is opened, in bytes: it is read whole, so that what was compared is what is opened.
pub const OPEN_FILE_BYTES_MAX: u64 = 256 << 20;

/// Most files that one request names.
pub const REQUEST_FILES_MAX: usize = 64;

/// Longest life of a request, in hours: a week, so that an approver on leave is no reason for a long one.
pub const REQUEST_HOURS_MAX: i64 = 7 * 24;

/// Life of a request where none is given, in hours.
pub const REQUEST_HOURS_DEFAULT: i64 = 24;

/// Longest name, reason, basis or ticket of a request, in bytes.
pub const REQUEST_WORDS_BYTES_MAX: usize = 1000;

/// Longest text of a request, in bytes: it goes into one entry of the log of acts, as a JSON text in a JSON text.
pub const REQUEST_TEXT_BYTES_MAX: usize = 24 << 10;

/// Longest file of a person's signing key, in bytes; PKCS#8 PEM of an Ed25519 key has 119.
pub const PERSON_KEY_BYTES_MAX: usize = 4096;

const _: () = assert!(REQUEST_HOURS_DEFAULT <= REQUEST_HOURS_MAX);

/// An instance counts as gone so long after its last sign of life, in milliseconds. It gives one every half of this, so
/// that one that failed can be tried again before the destruction of keys goes on without it.
pub const LEASE_MS: u64 = 10 * 60 * 1000;

/// How far the clock of a host may be behind the newest act, in milliseconds; what is more is a wrong clock, by which no
/// term can be judged.
pub const CLOCK_BEHIND_MS: i64 = 5 * 60 * 1000;

/// How long an instance that gave no sign of life is named among those that did not confirm, in milliseconds: a month, in
/// which a host that was suspended comes back or is given up.
pub const UNCONFIRMED_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// Most names of lapsed instances in one act: with their longest name of some 300 bytes they fit one entry.
pub const UNCONFIRMED_NAMES_MAX: usize = 100;

/// How often a running instance looks for records that are due, where it is told to, in milliseconds: an hour, so that a day
/// that has begun is noticed soon and what failed is tried again the same day.
pub const EXPIRY_LOOK_MS: u64 = 60 * 60 * 1000;

/// How long a stop waits for a deletion that is under way, in milliseconds; it is good whether or not it is waited for.
pub const EXPIRY_STOP_MS: u64 = 2_000;

/// Most partitions of a topic in one act of deletion: with three numbers of twenty digits each they fit an entry.
pub const EXPIRY_PARTITIONS_MAX: usize = 500;

/// How often a running instance looks at the key store and the log of acts, in milliseconds: a destroyed key is out of use
/// within seconds.
pub const KEEPER_LOOK_MS: u64 = 2_000;

/// Most distinct places of unlisted fields that a coverage keeps; what comes behind is counted together. A record with
/// data for names makes a new place with every value.
pub const COVERAGE_PLACES_MAX: usize = 4_096;

/// Most names at one place of a record that a coverage tells one by one: an object with more is a map, and its names are
/// data. The widest records of services have a few dozen members.
pub const COVERAGE_NAMES_MAX: usize = 64;

const _: () = assert!(4 * LOG_CALL_MS < LEASE_MS / 2 && 2 * KEEPER_LOOK_MS < LEASE_MS / 2);

/// Deepest nesting of a JSON document that is searched member by member; a deeper one is searched as a text.
///
/// Nothing recurses, and a level costs 16 bytes: the bound is for whoever has to read the pointers.
pub const DOCUMENT_DEPTH_MAX: usize = 1024;

/// Longest text that is searched at once, in bytes; a longer one is searched in windows of this size, so that the slow
/// road, which needs some thirty bytes for each byte of the text, needs no more than 8 MiB a thread.
pub const WINDOW_BYTES: usize = 256 << 10;

/// How far a window reaches beyond its own bytes on both sides: the longest identifier and the label before it.
pub const WINDOW_OVERLAP_BYTES: usize = 4 << 10;

/// Longest line that a search of files holds in memory whole, in bytes: a longer one is searched as a text, in parts.
pub const LINE_BYTES_MAX: usize = 64 << 20;

/// Most bytes of long lines that wait between reading and searching.
pub const LINES_AHEAD_BYTES_MAX: usize = 2 * LINE_BYTES_MAX;

const _: () = assert!(4 * WINDOW_OVERLAP_BYTES <= WINDOW_BYTES && WINDOW_BYTES <= PAYLOAD_BYTES_MAX);
const _: () = assert!(LABEL_CHARS_MAX * 4 <= WINDOW_OVERLAP_BYTES / 4);
