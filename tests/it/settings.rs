//! Settings files and the complaints they earn; values of secrets are never among them.

use std::fs;
use std::path::{Path, PathBuf};

use garim::diagnostic::Faults;
use garim::flow::Delivery;
use garim::service::settings::{Settings, load_from};

fn read(text: &str, environment: &[(&str, &str)]) -> Result<Settings, Faults> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("garim.toml");
    fs::write(&path, text).unwrap();
    let environment: Vec<(String, String)> =
        environment.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    load_from(&[path], &environment, &[])
}

/// The codes and lines of all complaints about a text.
fn check(text: &str, environment: &[(&str, &str)], complaints: &[(&str, usize)]) {
    let faults = read(text, environment).err().unwrap_or_default();
    let found: Vec<(&str, usize)> = faults
        .diagnostics
        .iter()
        .map(|fault| {
            let at = fault.span.as_ref().map_or(0, |span| span.start);
            (fault.code, faults.place(&fault.file, at).map_or(0, |(line, _)| line))
        })
        .collect();
    assert_eq!(found, complaints, "{faults}");
    assert!(!faults.to_string().contains("hunter2"), "a secret is shown: {faults}");
}

#[test]
fn every_fault_is_told_at_once_with_its_place() {
    let brokers = "[kafka]\nbrokers = \"localhost:9092\"\n";
    let with = |rest: &str| format!("{brokers}{rest}");
    check(brokers, &[], &[]);
    check("", &[], &[("G0203", 1)]);
    check("[kafka", &[], &[("G0201", 1)]);
    check(
        &with("grup = \"a\"\n[worker]\nlanes = 0\ndelivery = \"exactly_once\"\ncommit-ms = \"1s\"\n"),
        &[],
        &[("G0202", 3), ("G0204", 5), ("G0204", 6), ("G0204", 7)],
    );
    check(&with("[worker]\nmax-refused = 5\ninstance = \"a b\"\n"), &[], &[("G0204", 4), ("G0204", 5)]);
    check(&with("[http]\naddress = \"here\"\n"), &[], &[("G0204", 4)]);
    check(&format!("version = 2\n{brokers}"), &[], &[("G0207", 1)]);
    check("[kafka]\nbrokers = \"kafka:9092\"\n", &[], &[("G0208", 2)]);
    check("[kafka]\nbrokers = \"kafka:9092\"\nallow-plaintext = true\n", &[], &[]);
    check("[kafka]\nbrokers = \"kafka:9092\"\nproperties.security.protocol = \"SSL\"\n", &[], &[]);
    check(
        &with("[kafka.properties]\n\"transactional.id\" = \"hunter2\"\n\"no.such\" = \"hunter2\"\n"),
        &[],
        &[("G0206", 4), ("G0206", 5)],
    );
    check(&with("[kafka.properties]\n\"sasl.password\" = \"hunter2\n"), &[], &[("G0201", 4)]);
    check(&with("[kafka.properties]\n\"sasl.password_file\" = \"no-such-file\"\n"), &[], &[("G0209", 4)]);
}

#[test]
fn the_environment_lies_on_top_and_its_names_are_checked() {
    let text = "[kafka]\nbrokers = \"localhost:1\"\n[worker]\nlanes = 1\n";
    let settings = read(
        text,
        &[
            ("GARIM__KAFKA__BROKERS", "localhost:2"),
            ("GARIM__WORKER__LANES", "3"),
            ("GARIM__WORKER__DELIVERY", "at-least-once"),
            ("GARIM__KAFKA__PROPERTIES__SASL_PASSWORD", "hunter2"),
            ("GARIM_CONFIG", "is no setting"),
        ],
    )
    .unwrap();
    assert_eq!(settings.kafka.brokers, "localhost:2");
    assert_eq!(settings.lanes, 3);
    assert_eq!(settings.rules.delivery, Delivery::AtLeastOnce);
    assert_eq!(settings.kafka.properties, [("sasl.password".into(), "hunter2".into())]);
    assert!(!format!("{settings:?}").contains("hunter2"));
    check(text, &[("GARIM__WORKER__LANE", "3")], &[("G0202", 1)]);
    check(text, &[("GARIM__KAFKA__PROPERTIES__ACKS", "hunter2")], &[("G0206", 1)]);
}

#[test]
fn variables_stand_in_connection_fields_only() {
    let variables = [("HOST", "localhost"), ("EMPTY", "")];
    let brokers = |text: &str| {
        read(&format!("[kafka]\nbrokers = \"{text}\"\n"), &variables).map(|settings| settings.kafka.brokers)
    };
    assert_eq!(brokers("${HOST}:9092").unwrap(), "localhost:9092");
    assert_eq!(brokers("${NONE:-127.0.0.1}:9092").unwrap(), "127.0.0.1:9092");
    assert_eq!(brokers("${EMPTY:-127.0.0.1}:1").unwrap(), "127.0.0.1:1");
    for unset in ["${NONE}", "${NONE:?name a broker}", "${HOST", "$HOST"] {
        let faults = brokers(unset).unwrap_err();
        assert_eq!(faults.diagnostics[0].code, "G0205", "{faults}");
    }
    check("policy = \"${HOST}.toml\"\n[kafka]\nbrokers = \"localhost:1\"\n", &variables, &[("G0205", 1)]);
}

#[test]
fn a_folder_is_merged_and_secrets_come_from_files() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("10-base.toml", "policy = \"a.toml\"\n[kafka]\nbrokers = \"localhost:1\"\n[worker]\nlanes = 2\n");
    write("20-here.toml", "[worker]\nlanes = 4\n[kafka.properties]\n\"sasl.password_file\" = \"password\"\n");
    write("password", "hunter2\n");
    let settings = load_from(&[folder.path().to_owned()], &[], &[("linger.ms".into(), "5".into())]).unwrap();
    assert_eq!(settings.lanes, 4);
    assert_eq!(settings.policy.as_deref(), Some(folder.path().join("a.toml").as_path()));
    let mut properties = settings.kafka.properties;
    properties.sort();
    assert_eq!(properties, [("linger.ms".into(), "5".into()), ("sasl.password".into(), "hunter2".into())]);
}

#[test]
fn a_recipient_is_checked_and_a_private_key_in_its_place_is_not_shown() {
    use age::secrecy::ExposeSecret as _;
    let identity = age::x25519::Identity::generate();
    let (private, public) = (identity.to_string().expose_secret().to_owned(), identity.to_public().to_string());
    let brokers = "[kafka]\nbrokers = \"localhost:1\"\n";
    let with = |line: &str| format!("{brokers}[quarantine]\n{line}\n");
    let settings = read(&with(&format!("recipient = \"{public}\"")), &[]).unwrap();
    assert!(format!("{:?}", settings.quarantine_recipient).contains(&public));
    check(&with("recipient = \"age1nobody\""), &[], &[("G0210", 4)]);
    // At its place, at another one, in a broken line, from the environment.
    let variable = [("GARIM__QUARANTINE__RECIPIENT", private.as_str())];
    for (line, environment) in [
        (format!("recipient = \"{private}\""), &[][..]),
        (format!("recipient = \"\"\"\n{private}\"\"\""), &[]),
        (format!("recipents = \"{private}\""), &[]),
        (format!("recipient = \"{private}"), &[]),
        (String::new(), &variable),
    ] {
        let faults = read(&with(&line), environment).unwrap_err();
        for shown in [faults.to_string(), faults.to_json().to_string(), format!("{faults:?}")] {
            assert!(!shown.contains(&private[20..30]), "the private key is shown: {shown}");
        }
    }
}

/// Every key that the shipped file shows, also the commented ones, is a setting, and its value the default.
#[test]
fn the_shipped_file_is_taken_as_it_is_and_uncommented() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/garim.toml");
    let shipped = load_from(std::slice::from_ref(&path), &[], &[]).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let is_key = |line: &&str| {
        let key = line.split(" = ").next().unwrap_or_default();
        line.contains(" = ") && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
    };
    let uncommented: Vec<&str> =
        text.lines().map(|line| line.strip_prefix("# ").filter(is_key).unwrap_or(line)).collect();
    let all = read(&uncommented.join("\n"), &[]).unwrap();
    assert_eq!(all.rules, shipped.rules);
    assert_eq!(all.limits, shipped.limits);
    assert_eq!(all.http, shipped.http);
    assert_eq!(
        (all.lanes, all.shutdown_ms, all.start_wait_ms),
        (shipped.lanes, shipped.shutdown_ms, shipped.start_wait_ms)
    );
    assert_eq!(all.kafka.instance, "garim-0");
    assert_eq!(shipped.policy, Some(PathBuf::from(path.parent().unwrap()).join("kakao-work.toml")));
}
