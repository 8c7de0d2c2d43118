//! What operators install agrees with itself and with the code: ports, images, topics, paths, metrics, exit codes.
//!
//! No container engine runs here. A small reader flattens the YAML that we write (block style, one line a value), and
//! where Debian's `docker-compose` is installed it has a second opinion.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use garim::cli::Exit;
use garim::service::settings::{HTTP_ADDRESS, Settings, load_from};

/// A file of the repository.
fn file(path: &str) -> String {
    let whole = root().join(path);
    fs::read_to_string(&whole).unwrap_or_else(|error| panic!("{}: {error}", whole.display()))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

/// A YAML document as (path, value) pairs: `services.kafka.ports[]` and `"127.0.0.1:9092:9092"` without its quotes.
#[derive(Debug)]
struct Yaml(Vec<(String, String)>);

impl Yaml {
    fn read(text: &str) -> Self {
        let mut out = Vec::new();
        // The open keys, with the indent at which each stands.
        let mut open: Vec<(usize, String)> = Vec::new();
        for line in text.lines() {
            let mut body = without_comment(line).trim_end();
            let mut indent = body.len() - body.trim_start().len();
            body = body.trim_start();
            if body.is_empty() || body == "---" {
                continue;
            }
            open.retain(|(at, name)| {
                *at < indent || (*at == indent && body.starts_with("- ") && !name.starts_with('['))
            });
            while let Some(item) = body.strip_prefix("- ") {
                open.push((indent, "[]".to_owned()));
                body = item.trim_start();
                indent += 2;
            }
            let key = body.split_once(": ").or_else(|| body.strip_suffix(':').map(|key| (key, "")));
            match key {
                Some((key, value)) if !key.starts_with(['"', '[', '{']) => {
                    open.push((indent, key.to_owned()));
                    if !value.is_empty() {
                        out.push((path(&open), unquoted(value)));
                    }
                }
                _ => out.push((path(&open), unquoted(body))),
            }
        }
        Self(out)
    }

    /// The values at `path`, in order; `*` stands for any one name.
    fn all(&self, path: &str) -> Vec<&str> {
        let wanted: Vec<&str> = path.split('.').collect();
        let fits = |found: &str| {
            let found: Vec<&str> = found.split('.').collect();
            found.len() == wanted.len()
                && found.iter().zip(&wanted).all(|(found, wanted)| *wanted == "*" || found == wanted)
        };
        self.0.iter().filter(|(found, _)| fits(found)).map(|(_, value)| value.as_str()).collect()
    }

    /// The one value at `path`.
    fn one(&self, path: &str) -> &str {
        let all = self.all(path);
        assert_eq!(all.len(), 1, "{path}: {all:?}");
        all[0]
    }
}

fn path(open: &[(usize, String)]) -> String {
    let mut out = String::new();
    for (_, name) in open {
        if !out.is_empty() && name != "[]" {
            out.push('.');
        }
        out.push_str(name);
    }
    out
}

fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    for (at, char) in line.char_indices() {
        match char {
            '"' => quoted = !quoted,
            '#' if !quoted && (at == 0 || line[..at].ends_with(' ')) => return &line[..at],
            _ => {}
        }
    }
    line
}

fn unquoted(value: &str) -> String {
    value.trim().strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value.trim()).to_owned()
}

/// The items of a flow list, `["CMD", "a"]`.
fn items(list: &str) -> Vec<String> {
    let inner = list.trim().trim_start_matches('[').trim_end_matches(']');
    inner.split(',').map(unquoted).filter(|item| !item.is_empty()).collect()
}

#[test]
fn the_reader_reads_what_we_write() {
    let text = "# c\na:\n  b: \"x: y\" # c\n  l:\n    - one\n    - k: v\n      w: \"#\"\n  f: [a, \"b\"]\n<<: *a\nl2:\n- p\n- q\n";
    let expected = [
        ("a.b", "x: y"),
        ("a.l[]", "one"),
        ("a.l[].k", "v"),
        ("a.l[].w", "#"),
        ("a.f", "[a, \"b\"]"),
        ("<<", "*a"),
        ("l2[]", "p"),
        ("l2[]", "q"),
    ];
    let got = Yaml::read(text);
    let got: Vec<(&str, &str)> = got.0.iter().map(|(path, value)| (path.as_str(), value.as_str())).collect();
    assert_eq!(got, expected);
    assert_eq!(items("[\"CMD\", \"a b\"]"), ["CMD", "a b"]);
}

#[test]
fn every_port_is_bound_to_this_machine_and_every_image_is_pinned() {
    let compose = Yaml::read(&file("docker-compose.yml"));
    let ports = compose.all("services.*.ports[]");
    assert!(ports.len() >= 5, "{ports:?}");
    for port in ports {
        assert!(port.starts_with("127.0.0.1:"), "{port} is open to the network");
    }
    let images: Vec<String> = compose
        .all("services.*.image")
        .into_iter()
        .map(str::to_owned)
        .chain(file("deploy/Dockerfile").lines().filter_map(|line| {
            let image = line.strip_prefix("FROM ")?.split(' ').next()?;
            image.contains([':', '/']).then(|| image.to_owned())
        }))
        .collect();
    assert!(images.len() >= 5, "{images:?}");
    for image in images {
        let tag = image.rsplit_once(':').map_or("", |(_, tag)| tag);
        assert!(!matches!(tag, "" | "latest" | "main"), "{image} is not pinned");
    }
}

#[test]
fn the_broker_is_the_one_that_the_tests_run() {
    let compose = Yaml::read(&file("docker-compose.yml"));
    let image = compose.one("services.kafka.image");
    let version = image.strip_prefix("apache/kafka:").expect("Apache's own image");
    assert!(
        file("tests/kafka/pom.xml").contains(&format!("<version>{version}</version>")),
        "tests run another broker than {image}"
    );
}

/// One `KAFKA_` variable drops all packaged defaults, so the list has to be whole.
#[test]
fn the_brokers_environment_is_whole() {
    let compose = Yaml::read(&file("docker-compose.yml"));
    let value = |name: &str| compose.one(&format!("services.kafka.environment.{name}")).to_owned();
    let listeners = value("KAFKA_LISTENERS");
    let map = value("KAFKA_LISTENER_SECURITY_PROTOCOL_MAP");
    let advertised = value("KAFKA_ADVERTISED_LISTENERS");
    for listener in listeners.split(',') {
        let (name, address) = listener.split_once("://").expect("NAME://host:port");
        assert!(map.split(',').any(|entry| entry.starts_with(&format!("{name}:"))), "{name} has no protocol");
        let port = address.rsplit_once(':').expect("a port").1;
        if name == value("KAFKA_CONTROLLER_LISTENER_NAMES") {
            let voter = format!("{}@kafka:{port}", value("KAFKA_NODE_ID"));
            assert_eq!(value("KAFKA_CONTROLLER_QUORUM_VOTERS"), voter);
        } else {
            let told =
                advertised.split(',').find(|entry| entry.starts_with(&format!("{name}://"))).expect("advertised");
            assert!(told.ends_with(&format!(":{port}")), "{told} is not where {listener} listens");
        }
    }
    assert!(listeners.contains(&format!("{}://", value("KAFKA_INTER_BROKER_LISTENER_NAME"))));
    assert_eq!(value("KAFKA_PROCESS_ROLES"), "broker,controller");
    assert_eq!(value("KAFKA_AUTO_CREATE_TOPICS_ENABLE"), "false", "only `topics apply` makes topics");
    for name in ["OFFSETS_TOPIC", "TRANSACTION_STATE_LOG", "SHARE_COORDINATOR_STATE_TOPIC"] {
        assert_eq!(value(&format!("KAFKA_{name}_REPLICATION_FACTOR")), "1");
    }
    for name in ["TRANSACTION_STATE_LOG", "SHARE_COORDINATOR_STATE_TOPIC"] {
        assert_eq!(value(&format!("KAFKA_{name}_MIN_ISR")), "1");
    }
    // The volume is where the logs are, and the health check asks a listener that is there.
    let logs = value("KAFKA_LOG_DIRS");
    assert!(compose.all("services.kafka.volumes[]").contains(&format!("kafka:{logs}").as_str()));
    let asked = items(compose.one("services.kafka.healthcheck.test")).pop().expect("a server");
    assert!(listeners.contains(&asked.replace("localhost", "//")), "{asked} is not in {listeners}");
}

#[test]
fn mounted_files_exist_and_named_volumes_are_declared() {
    let text = file("docker-compose.yml");
    let compose = Yaml::read(&text);
    let mut mounts = compose.all("services.*.volumes[]");
    mounts.extend(compose.all("x-garim.volumes[]"));
    assert!(mounts.len() >= 7, "{mounts:?}");
    for mount in mounts {
        let from = mount.split(':').next().expect("a source");
        match from.strip_prefix("./") {
            Some(path) => assert!(root().join(path).exists(), "{mount}: no such file in the repository"),
            None => {
                let volumes = text.rsplit_once("\nvolumes:\n").expect("volumes are declared").1;
                assert!(volumes.contains(&format!("  {from}:")), "{mount}: volume {from} is not declared");
            }
        }
    }
    let dockerfile = file("deploy/Dockerfile");
    assert!(root().join(compose.one("x-garim.build.dockerfile")).exists());
    assert!(dockerfile.contains("\nUSER 65532:65532\n"), "the image runs without rights");
}

/// The settings as the containers of the compose file get them.
fn settings_in_compose(compose: &Yaml) -> Settings {
    let prefix = "x-garim.environment.";
    let environment: Vec<(String, String)> = compose
        .0
        .iter()
        .filter_map(|(path, value)| Some((path.strip_prefix(prefix)?.to_owned(), value.clone())))
        .collect();
    assert!(environment.len() > 4, "{environment:?}");
    load_from(&[root().join("config/garim.toml")], &environment, &[]).unwrap_or_else(|faults| panic!("{faults}"))
}

#[test]
fn the_settings_fit_the_containers() {
    let compose = Yaml::read(&file("docker-compose.yml"));
    let settings = settings_in_compose(&compose);
    let environment = |name: &str| compose.one(&format!("x-garim.environment.{name}")).to_owned();

    let advertised = compose.one("services.kafka.environment.KAFKA_ADVERTISED_LISTENERS");
    assert!(advertised.split(',').any(|listener| listener == format!("PLAINTEXT://{}", settings.kafka.brokers)));
    let outside = load_from(&[root().join("config/garim.toml")], &[], &[]).unwrap_or_else(|faults| panic!("{faults}"));
    let from_here = format!("PLAINTEXT_HOST://{}", outside.kafka.brokers);
    assert!(advertised.split(',').any(|listener| listener == from_here), "config/garim.toml does not reach the broker");

    // One port: where garim listens, what is published, what Prometheus asks, what the health check asks.
    let port = settings.http.expect("metrics are on").port();
    assert_eq!(HTTP_ADDRESS, format!("127.0.0.1:{port}"), "`garim healthcheck` would ask elsewhere");
    assert!(compose.all("services.garim.ports[]").contains(&format!("127.0.0.1:{port}:{port}").as_str()));
    let scraped = Yaml::read(&file("deploy/prometheus.yml"));
    assert_eq!(items(scraped.one("scrape_configs[].static_configs[].targets")), [format!("garim:{port}")]);
    let dockerfile = file("deploy/Dockerfile");
    assert!(dockerfile.contains(&format!("\nEXPOSE {port}\n")));
    let kubernetes = file("deploy/kubernetes/garim.yaml");
    for place in [format!("containerPort: {port} "), format!("\"0.0.0.0:{port}\""), format!("- {{ port: {port} }}")] {
        assert!(kubernetes.contains(&place), "{place}");
    }

    // The key store is the volume, and the image has made its folder.
    let keys = settings.keys.expect("a key store");
    let keys = keys.to_str().expect("a path of letters");
    assert_eq!(environment("GARIM_KEYS"), keys);
    assert!(compose.all("x-garim.volumes[]").contains(&format!("keys:{keys}").as_str()));
    assert!(dockerfile.contains(&format!("VOLUME [\"{keys}\"]")));
    let folder = Path::new(keys).parent().expect("a folder").display().to_string();
    assert!(dockerfile.contains(&format!("COPY --from=build --chown=65532:65532 /out/garim/ {folder}/\n")));

    // The configuration is the repository's, at the place that the image has too.
    let config = environment("GARIM_CONFIG");
    let folder = config.strip_suffix("/garim.toml").expect("garim.toml");
    assert!(compose.all("x-garim.volumes[]").contains(&format!("./config:{folder}:ro").as_str()));
    assert!(dockerfile.contains(&format!("COPY --from=build /src/config/ {folder}/\n")));
    let policy = settings.policy.expect("a policy");
    let name = policy.file_name().and_then(|name| name.to_str()).expect("a file");
    assert!(root().join("config").join(name).exists());
    assert_eq!(environment("GARIM_POLICY"), format!("{folder}/{name}"));
    assert!(kubernetes.contains(&format!("GARIM_POLICY, value: {folder}/{name} ")));
}

#[test]
fn a_stop_may_take_as_long_as_the_settings_say() {
    let compose = Yaml::read(&file("docker-compose.yml"));
    let shutdown_s = settings_in_compose(&compose).shutdown_ms / 1000;
    let seconds = |text: &str| text.trim_end_matches('s').parse::<u64>().expect("seconds");
    let unit = file("deploy/garim.service");
    let line = |name: &str| unit.lines().find_map(|line| line.strip_prefix(name)).expect("the unit says it");
    let kubernetes = file("deploy/kubernetes/garim.yaml");
    let grace = kubernetes.split("terminationGracePeriodSeconds: ").nth(1).and_then(|rest| rest.lines().next());
    for allowed in [compose.one("services.garim.stop_grace_period"), line("TimeoutStopSec="), grace.expect("a grace")] {
        assert!(seconds(allowed) > shutdown_s, "{allowed} is shorter than a stop of {shutdown_s} s");
    }
    assert!(file("deploy/garim-keys.timer").contains("OnCalendar="), "what must go goes daily");
    let codes = format!("{} {}", Exit::Keys as u8, Exit::Config as u8);
    assert_eq!(line("RestartPreventExitStatus="), codes, "what stays wrong until somebody mends it");
}

/// The words of a command line; what stands between quotes is one.
pub(crate) fn words(line: &str) -> Vec<&str> {
    let parts = line.split('"').enumerate();
    parts.flat_map(|(part, text)| if part % 2 == 0 { text.split_whitespace().collect() } else { vec![text] }).collect()
}

/// Every command line that stands in a file of ours is one that garim takes.
#[test]
fn the_commands_are_garims() {
    let compose = Yaml::read(&file("docker-compose.yml"));
    let mut commands: Vec<Vec<String>> = compose.all("services.*.command").into_iter().map(items).collect();
    let kubernetes = file("deploy/kubernetes/garim.yaml");
    commands.extend(kubernetes.lines().filter_map(|line| line.trim().strip_prefix("args: ")).map(items));
    let dockerfile = file("deploy/Dockerfile");
    commands.extend(dockerfile.lines().filter_map(|line| line.strip_prefix("CMD ")).map(items));
    commands.extend(
        dockerfile.lines().filter_map(|line| line.split_once(" CMD ")).map(|(_, list)| items(list)[1..].to_vec()),
    );
    for unit in ["deploy/garim.service", "deploy/garim-keys.service"].map(file) {
        for line in unit.lines().filter(|line| line.starts_with("ExecStart")) {
            commands.push(words(line).into_iter().skip(1).map(str::to_owned).collect());
        }
    }
    assert!(commands.len() >= 12, "{commands:?}");
    for command in commands {
        let output = Command::new(env!("CARGO_BIN_EXE_garim")).args(&command).arg("--help").output().unwrap();
        assert!(output.status.success(), "garim {command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn the_dashboard_shows_metrics_that_exist() {
    let metrics = file("src/telemetry/metrics.rs");
    let mut seen = 0;
    for path in ["deploy/grafana/dashboards/garim.json", "deploy/alerts.yml"] {
        let text = file(path);
        for part in text.split("garim_").skip(1) {
            let name: String = part.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            let base = ["_bucket", "_count", "_sum", "_total"].iter().find_map(|suffix| name.strip_suffix(suffix));
            let base = base.unwrap_or(&name);
            assert!(metrics.contains(&format!("\"{base}\"")), "{path}: garim_{name} is not among the metrics");
            seen += 1;
        }
        for part in text.split(" by (").skip(1) {
            let labels = part.split(')').next().expect("closed").split(", ").filter(|label| *label != "le");
            for label in labels {
                let known = [format!("\"{label}\""), format!("pub {label}:")].iter().any(|word| metrics.contains(word));
                assert!(known, "{path}: no metric has the label `{label}`");
            }
        }
    }
    assert!(seen > 20);
    let dashboard: serde_json::Value =
        serde_json::from_str(&file("deploy/grafana/dashboards/garim.json")).expect("JSON");
    let source = Yaml::read(&file("deploy/grafana/provisioning/datasources/prometheus.yml"));
    for panel in dashboard["panels"].as_array().expect("panels") {
        assert_eq!(panel["datasource"]["uid"], source.one("datasources[].uid"), "{}", panel["title"]);
    }
    let folder = Yaml::read(&file("deploy/grafana/provisioning/dashboards/garim.yml"));
    let folder = folder.one("providers[].options.path").to_owned();
    let compose = Yaml::read(&file("docker-compose.yml"));
    let mount = format!("./deploy/grafana/dashboards:{folder}:ro");
    assert!(compose.all("services.grafana.volumes[]").contains(&mount.as_str()), "{mount}");
    let home = compose.one("services.grafana.environment.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH");
    assert_eq!(home, format!("{folder}/garim.json"));
}

/// Debian's `docker-compose` parses without an engine; where it is installed, it must agree.
#[test]
fn the_compose_parser_agrees() {
    let Ok(output) = Command::new("docker-compose")
        .args(["--profile", "metrics", "--profile", "ui", "config", "--quiet"])
        .current_dir(root())
        .output()
    else {
        println!("no docker-compose here; the reader of this file has checked alone");
        return;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
