//! Waiting for a condition, never for a time.

use std::time::{Duration, Instant};

/// Asks again and again until there is an answer; panics with `what` when the deadline has passed.
pub(crate) fn until<T>(what: &str, deadline: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(begin.elapsed() < deadline, "{what}: not within {} s", deadline.as_secs());
        // Between two questions, so that the brokers get the cores; what ends the wait is the answer or the deadline.
        std::thread::sleep(Duration::from_millis(50));
    }
}
