//! The program as its users see it: exit codes, streams, flags.

use std::io::Read;
use std::process::{Command, Output, Stdio};

/// The program without anything of the caller's environment that it listens to.
fn garim(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_garim"));
    command.args(arguments).env_clear().stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    garim(arguments).output().unwrap()
}

fn out(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

#[test]
fn usage_errors_exit_2_and_say_so_on_stderr() {
    for arguments in [&[][..], &["nonsense"], &["version", "--no-such-flag"], &["keys"], &["--color=purple", "version"]]
    {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
    }
    let json = run(&["--format", "json", "nonsense"]);
    let told: serde_json::Value = serde_json::from_slice(&json.stderr).unwrap();
    assert_eq!((json.status.code(), &told["error"]["exit"]), (Some(2), &serde_json::json!(2)));
}

#[test]
fn help_and_version_exit_0_on_stdout() {
    for arguments in [&["--help"][..], &["-h"], &["--version"], &["version"], &["help", "keys"], &["keys", "new", "-h"]]
    {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(output.stderr.is_empty() && out(&output).contains("garim"), "{arguments:?}");
    }
}

#[test]
fn every_shell_gets_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = run(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0), "{shell}");
        assert!(out(&output).contains("completions"), "{shell}");
    }
}

#[test]
fn a_closed_pipe_ends_silently() {
    // More than a pipe holds, so that a write must fail: the reader takes one byte and goes.
    let mut child = garim(&["completions", "bash"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert_eq!((child.wait().unwrap().code(), told.as_str()), (Some(0), ""));
}

#[test]
fn colours_follow_the_flag_then_the_environment() {
    let colored = |arguments: &[&str], environment: &[(&str, &str)]| {
        let output = garim(arguments).envs(environment.iter().copied()).output().unwrap();
        output.stderr.contains(&0x1b)
    };
    let bad = ["keys", "list"];
    let always = ["keys", "list", "--color", "always"];
    let never = ["keys", "list", "--color=never"];
    assert!(!colored(&bad, &[]), "a pipe is no terminal");
    assert!(colored(&always, &[]));
    assert!(colored(&always, &[("NO_COLOR", "1"), ("TERM", "dumb")]), "the flag wins");
    assert!(colored(&bad, &[("CLICOLOR_FORCE", "1")]));
    assert!(!colored(&bad, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    assert!(!colored(&never, &[("CLICOLOR_FORCE", "1")]));
    assert!(colored(&bad, &[("GARIM_COLOR", "always")]));
    assert!(colored(&["nonsense", "--color=always"], &[]), "usage errors obey, too");
    assert!(!colored(&["nonsense"], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
}
