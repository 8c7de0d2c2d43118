//! Conversations with one lane: what it answers where the simulation does not look, each as a list of events.

use garim::flow::{Command, Delivery, Ending, Event, FaultClass, Lane, LostInput, Part, Range, Rules, Start, Taken};

const PART: Part = Part { input: 0, partition: 4 };

const RULES: Rules = Rules {
    delivery: Delivery::ExactlyOnce,
    lost_input: LostInput::Stop,
    commit_ms: 1000,
    commit_records: 100,
    commit_bytes: 1 << 20,
    refused_window: 100,
    refused_max: 5,
};

/// A lane with its clock, and the command that is under way.
struct Talk {
    lane: Lane,
    now_ms: u64,
    command: Command,
}

impl Talk {
    /// A lane that holds one partition, committed at 10, and polls.
    fn new(rules: Rules) -> Self {
        let mut lane = Lane::new(rules);
        let command = lane.on(0, Event::Start).unwrap();
        let mut talk = Self { lane, now_ms: 0, command };
        talk.expect("rebuild", Event::Done);
        talk.expect("poll", Event::Assigned(vec![PART]));
        talk.expect("read-committed", Event::Committed(vec![(PART, Some(10))]));
        assert_eq!(talk.command, Command::Assign(vec![(PART, Start::Offset(10))]));
        talk.expect("assign", Event::Done);
        talk
    }

    /// The command under way has this name; answers it.
    fn expect(&mut self, command: &str, answer: Event) {
        assert_eq!(self.command.name(), command, "before {answer:?}");
        self.now_ms += 1;
        self.command = self.lane.on(self.now_ms, answer).unwrap();
    }

    /// Records come in and their outputs are produced.
    fn work(&mut self, first: i64, records: u64, refused: u64) {
        let last = first + records as i64 - 1;
        self.expect("poll", Event::Polled(vec![Taken { part: PART, first, last, records, bytes: 0 }]));
        self.expect("treat", Event::Treated { outputs: records, bytes: 0, refused });
        if self.command == Command::Begin {
            self.expect("begin", Event::Done);
        }
        if self.command == Command::Produce {
            self.expect("produce", Event::Done);
        }
    }

    /// The entry of the window is due: it has read this range, and this is its number.
    fn enters(&mut self, (from, next): (i64, i64), run: u32, seq: u64) {
        assert_eq!(self.command, Command::Enter { ranges: vec![Range { part: PART, from, next }], run, seq });
        self.expect("enter", Event::Done);
    }

    /// Answers everything well until the lane ends.
    fn ends(&mut self) -> Ending {
        for _ in 0..10 {
            match self.command {
                Command::Exit(ending) => return ending,
                _ => self.expect(self.command.name(), Event::Done),
            }
        }
        panic!("no end");
    }

    /// After a fault: abort where there is something to abort, then a new producer at the committed offset.
    fn recovers(&mut self, committed: i64) {
        while self.command.name() != "read-committed" {
            assert!(matches!(self.command.name(), "abort" | "wait" | "rebuild"), "{:?}", self.command);
            self.expect(self.command.name(), Event::Done);
        }
        self.expect("read-committed", Event::Committed(vec![(PART, Some(committed))]));
        assert_eq!(self.command, Command::Seek(vec![(PART, Start::Offset(committed))]));
        self.expect("seek", Event::Done);
    }
}

#[test]
fn a_window_commits_by_time_count_and_bytes_and_an_idle_lane_has_none() {
    let mut talk = Talk::new(RULES);
    talk.expect("poll", Event::Idle);
    talk.now_ms += 5000;
    talk.expect("poll", Event::Idle);
    talk.work(10, 40, 0);
    talk.expect("poll", Event::Idle);
    talk.now_ms += 1000;
    talk.expect("poll", Event::Idle);
    talk.enters((10, 50), 0, 0);
    assert_eq!(talk.command, Command::SendOffsets(vec![(PART, 50)]));
    talk.expect("send-offsets", Event::Done);
    talk.expect("commit", Event::Done);
    talk.work(50, 100, 0);
    talk.enters((50, 150), 0, 1);
    assert_eq!(talk.command, Command::SendOffsets(vec![(PART, 150)]));
}

#[test]
fn a_poll_takes_no_more_than_the_window_has_room_for() {
    let mut talk = Talk::new(RULES);
    talk.work(10, 30, 0);
    assert!(matches!(talk.command, Command::Poll { records_max: 70, .. }), "{:?}", talk.command);
}

#[test]
fn a_share_of_refused_records_stops_the_lane_before_its_window_commits() {
    for (refused, stops) in [([2, 3, 0], false), ([2, 4, 0], true), ([6, 0, 0], true)] {
        let mut talk = Talk::new(Rules { commit_records: 1000, ..RULES });
        for (round, refused) in refused.into_iter().enumerate() {
            if matches!(talk.command, Command::Poll { .. }) {
                talk.work(10 + 20 * round as i64, 20, refused);
            }
        }
        if stops {
            assert_eq!(talk.ends(), Ending::TooManyRefused);
        } else {
            assert_eq!(talk.command.name(), "poll");
        }
    }
    // One in a hundred, in a window ten times as long as the count goes.
    let mut talk = Talk::new(Rules { commit_records: 10_000, ..RULES });
    for round in 0..10 {
        talk.work(10 + 100 * round, 100, 1);
    }
    assert_eq!(talk.command.name(), "poll");
    let mut talk = Talk::new(Rules { refused_max: 100, ..RULES });
    talk.work(10, 90, 90);
    assert_eq!(talk.command.name(), "poll", "1 means never");
}

#[test]
fn what_waiting_does_not_heal_ends_the_lane_after_an_abort() {
    let rows = [
        ("poll", Event::Failed(FaultClass::Authorization), Ending::Unauthorized),
        ("poll", Event::Failed(FaultClass::TopicMissing), Ending::TopicMissing),
        ("poll", Event::Failed(FaultClass::Fatal), Ending::ConsumerFailed),
        ("poll", Event::OffsetLost(PART), Ending::InputLost(PART)),
    ];
    for (command, event, ending) in rows {
        let mut talk = Talk::new(RULES);
        talk.work(10, 5, 0);
        talk.expect(command, event);
        talk.expect("abort", Event::Done);
        assert_eq!(talk.ends(), ending);
    }
    let mut talk = Talk::new(RULES);
    talk.expect("poll", Event::Polled(vec![Taken { part: PART, first: 10, last: 10, records: 1, bytes: 0 }]));
    talk.expect("treat", Event::KeyMissing);
    assert_eq!(talk.command, Command::Close, "nothing was begun");
    assert_eq!(talk.ends(), Ending::KeyMissing);
}

#[test]
fn lost_input_is_read_from_its_earliest_record_where_the_operator_says_so() {
    let mut talk = Talk::new(Rules { lost_input: LostInput::Continue, ..RULES });
    talk.expect("poll", Event::OffsetLost(PART));
    talk.expect("read-committed", Event::Committed(vec![(PART, Some(10))]));
    assert_eq!(talk.command, Command::Seek(vec![(PART, Start::Earliest)]));
    talk.expect("seek", Event::Done);
    talk.work(700, 5, 0);
}

#[test]
fn a_notice_that_the_broker_does_not_take_ends_the_lane() {
    let mut talk = Talk::new(RULES);
    for _ in 0..2 {
        talk.work(10, 1, 0);
        while talk.command.name() == "poll" {
            talk.now_ms += 1000;
            talk.expect("poll", Event::Idle);
        }
        talk.expect("enter", Event::Done);
        talk.expect("send-offsets", Event::Failed(FaultClass::Record));
        talk.recovers(10);
    }
    talk.expect("poll", Event::Polled(vec![Taken { part: PART, first: 10, last: 10, records: 1, bytes: 0 }]));
    assert_eq!(talk.command, Command::Treat { stale: vec![], condemned: vec![(PART, 10)] });
    talk.expect("treat", Event::Treated { outputs: 1, bytes: 0, refused: 1 });
    talk.expect("begin", Event::Done);
    talk.expect("produce", Event::Failed(FaultClass::Record));
    assert_eq!(talk.ends(), Ending::QuarantineUnusable);
}

#[test]
fn an_id_that_is_taken_again_and_again_ends_the_lane() {
    let mut talk = Talk::new(RULES);
    for _ in 0..5 {
        talk.work(10, 5, 0);
        talk.now_ms += 2000;
        talk.expect("poll", Event::Idle);
        talk.expect("enter", Event::Done);
        talk.expect("send-offsets", Event::Failed(FaultClass::Fenced));
        assert!(matches!(talk.command, Command::Wait(wait_ms) if wait_ms >= 400), "{:?}", talk.command);
        talk.recovers(10);
    }
    talk.work(10, 5, 0);
    talk.now_ms += 2000;
    talk.expect("poll", Event::Idle);
    talk.expect("enter", Event::Done);
    talk.expect("send-offsets", Event::Failed(FaultClass::Fenced));
    assert_eq!(talk.ends(), Ending::Fenced);
}

#[test]
fn a_commit_without_an_answer_is_decided_by_the_broker() {
    let mut talk = Talk::new(RULES);
    talk.work(10, 100, 0);
    talk.expect("enter", Event::Done);
    talk.expect("send-offsets", Event::Done);
    talk.expect("commit", Event::Failed(FaultClass::Retriable));
    // It had taken effect.
    talk.recovers(110);
    talk.work(110, 5, 0);
}

/// One window is committed; the next is entered, and its fate is `fate`. What the lane then enters is `expected`.
fn numbers(delivery: Delivery, fate: &[(&str, Event)], committed: i64, expected: ((i64, i64), u32, u64)) {
    let mut talk = Talk::new(Rules { delivery, ..RULES });
    talk.work(10, 100, 0);
    talk.enters((10, 110), 0, 0);
    while talk.command.name() != "poll" {
        talk.expect(talk.command.name(), Event::Done);
    }
    talk.work(110, 100, 0);
    for (command, answer) in fate {
        talk.expect(command, answer.clone());
    }
    talk.recovers(committed);
    talk.work(committed, 100, 0);
    let (range, run, seq) = expected;
    talk.enters(range, run, seq);
}

#[test]
fn the_numbers_of_windows_have_no_gap_whatever_becomes_of_them() {
    let failed = |class| Event::Failed(class);
    let (once, least) = (Delivery::ExactlyOnce, Delivery::AtLeastOnce);
    let entered = ("enter", Event::Done);
    let sent = ("send-offsets", Event::Done);
    // Surely undone: the number is given again.
    numbers(once, &[("enter", failed(FaultClass::Abortable))], 110, ((110, 210), 0, 1));
    numbers(once, &[entered.clone(), ("send-offsets", failed(FaultClass::GroupLeft))], 110, ((110, 210), 0, 1));
    let commit = |class| [entered.clone(), sent.clone(), ("commit", failed(class))];
    numbers(once, &commit(FaultClass::Abortable), 110, ((110, 210), 0, 1));
    numbers(once, &commit(FaultClass::Retriable), 110, ((110, 210), 0, 1));
    // It took effect, or somebody else read the same: a new run.
    numbers(once, &commit(FaultClass::Retriable), 210, ((210, 310), 1, 0));
    // At least once: an entry that was delivered stays, one that perhaps was ends the run.
    let flushed = ("flush", Event::Done);
    let lost = ("commit-offsets", failed(FaultClass::GroupLeft));
    numbers(least, &[entered.clone(), flushed, lost], 110, ((110, 210), 0, 2));
    numbers(least, &[entered.clone(), ("flush", failed(FaultClass::Abortable))], 110, ((110, 210), 1, 0));
}

#[test]
fn a_doubtful_producer_is_replaced_before_the_next_begin() {
    let mut talk = Talk::new(RULES);
    talk.work(10, 100, 0);
    talk.expect("enter", Event::Done);
    talk.expect("send-offsets", Event::Done);
    assert_eq!(talk.lane.on(talk.now_ms, Event::Doubt), None);
    talk.expect("commit", Event::Done);
    talk.expect("rebuild", Event::Done);
    assert_eq!(talk.command.name(), "poll", "the commit was answered: positions hold");
}

#[test]
fn a_revoke_waits_for_the_commit_and_a_lost_assignment_for_the_abort() {
    for (lost, way) in
        [(false, &["enter", "send-offsets", "commit", "release"][..]), (true, &["abort", "release", "rebuild"])]
    {
        let mut talk = Talk::new(RULES);
        talk.work(10, 5, 0);
        talk.expect("poll", Event::Revoked { parts: vec![PART], lost });
        for command in way {
            talk.expect(command, Event::Done);
        }
        assert_eq!(talk.command.name(), "poll");
    }
}

#[test]
fn a_stop_commits_what_was_begun_or_gives_up_at_its_deadline() {
    let mut talk = Talk::new(RULES);
    talk.work(10, 5, 0);
    talk.lane.on(talk.now_ms, Event::Stop { deadline_ms: 10_000 });
    for command in ["poll", "enter", "send-offsets", "commit", "close"] {
        let answer = if command == "poll" { Event::Idle } else { Event::Done };
        talk.expect(command, answer);
    }
    assert_eq!(talk.command, Command::Exit(Ending::Stopped));

    let mut talk = Talk::new(RULES);
    talk.work(10, 5, 0);
    talk.lane.on(talk.now_ms, Event::Stop { deadline_ms: 10_000 });
    talk.expect("poll", Event::Idle);
    talk.expect("enter", Event::Done);
    talk.now_ms = 10_000;
    talk.expect("send-offsets", Event::Failed(FaultClass::BrokerAway));
    assert_eq!(talk.command, Command::Exit(Ending::DeadlinePassed));
}

/// A stop that came while a batch of an open window was treated closed the lane with its transaction still open, and
/// then wanted an abort of the producer that was gone.
#[test]
fn a_stop_amid_a_batch_finishes_the_window_that_the_batch_belongs_to() {
    let mut talk = Talk::new(RULES);
    talk.work(10, 5, 0);
    talk.expect("poll", Event::Polled(vec![Taken { part: PART, first: 15, last: 15, records: 1, bytes: 0 }]));
    talk.lane.on(talk.now_ms, Event::Stop { deadline_ms: 10_000 });
    talk.expect("treat", Event::Treated { outputs: 1, bytes: 0, refused: 0 });
    talk.expect("produce", Event::Done);
    talk.enters((10, 16), 0, 0);
    assert_eq!(talk.command, Command::SendOffsets(vec![(PART, 16)]));
    for command in ["send-offsets", "commit", "close"] {
        talk.expect(command, Event::Done);
    }
    assert_eq!(talk.command, Command::Exit(Ending::Stopped));
}

#[test]
fn a_reload_waits_for_the_end_of_the_window_and_a_new_producer_follows() {
    let mut talk = Talk::new(RULES);
    talk.work(10, 5, 0);
    talk.lane.on(talk.now_ms, Event::Reload);
    for command in ["poll", "enter", "send-offsets", "commit", "reload", "rebuild"] {
        let answer = if command == "poll" { Event::Idle } else { Event::Done };
        talk.expect(command, answer);
    }
    assert_eq!(talk.command.name(), "poll");
}

#[test]
fn an_answer_that_names_not_every_partition_is_no_answer() {
    let mut lane = Lane::new(RULES);
    lane.on(0, Event::Start);
    lane.on(0, Event::Done);
    lane.on(0, Event::Assigned(vec![PART, Part { input: 1, partition: 0 }]));
    assert_eq!(lane.on(0, Event::Committed(vec![(PART, None)])), Some(Command::Close));
    assert_eq!(lane.on(0, Event::Done), Some(Command::Exit(Ending::Confused)));
}

#[test]
fn at_least_once_flushes_before_it_commits_offsets() {
    let mut talk = Talk::new(Rules { delivery: Delivery::AtLeastOnce, ..RULES });
    talk.work(10, 100, 0);
    talk.expect("enter", Event::Done);
    talk.expect("flush", Event::Done);
    assert_eq!(talk.command, Command::CommitOffsets(vec![(PART, 110)]));
    talk.expect("commit-offsets", Event::Failed(FaultClass::GroupLeft));
    talk.recovers(10);
}
