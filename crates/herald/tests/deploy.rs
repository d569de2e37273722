//! The files in `deploy/` are what they claim to be: no engine runs them here, so they are read, and
//! checked by the programs that they are for where those are installed.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use yaml_rust2::{Yaml, YamlLoader};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy")
}

fn read(file: &str) -> String {
    fs::read_to_string(folder().join(file)).expect(file)
}

/// The names of a mapping, and what they stand for.
fn entries(yaml: &Yaml) -> Vec<(&str, &Yaml)> {
    let hash = yaml.as_hash().expect("a mapping");
    hash.iter().map(|(name, value)| (name.as_str().expect("a name"), value)).collect()
}

#[test]
fn the_compose_file_has_three_nodes_with_the_same_keys_on_one_database_behind_a_balancer() {
    let documents = YamlLoader::load_from_str(&read("compose.yaml")).expect("it is YAML");
    let [compose] = &documents[..] else { panic!("{} documents", documents.len()) };
    let services: BTreeSet<&str> =
        entries(&compose["services"]).into_iter().map(|(name, _)| name).collect();
    assert_eq!(services, BTreeSet::from(["balancer", "database", "node-1", "node-2", "node-3"]));
    let shared = &compose["x-node"];
    let balanced = read("haproxy.cfg");
    for node in ["node-1", "node-2", "node-3"] {
        let service = &compose["services"][node];
        assert_eq!(service["<<"], *shared, "{node} is like the others");
        assert_eq!(service["environment"]["<<"], shared["environment"]);
        assert_eq!(service["environment"]["HERALD_NODE_NAME"].as_str(), Some(node));
        assert!(balanced.contains(&format!("server {node} {node}:8400")));
    }
    for (variable, _) in entries(&shared["environment"]) {
        let key = variable.strip_prefix("HERALD_").expect(variable).to_lowercase();
        let key = key.rsplit("__").next().expect("a key");
        let known = format!("{key} = ");
        let example = fs::read_to_string(folder().join("../herald.example.toml")).expect("it");
        assert!(example.contains(&known), "{variable} is no key of the configuration");
    }
    let volumes = entries(&compose["volumes"]);
    assert_eq!(volumes.len(), 1, "the database outlives its container");
    assert!(folder().join("..").join("deploy/Containerfile").is_file());
}

/// What is wrong with a unit's text.
fn problem_of_unit(text: &str) -> Option<String> {
    let mut section = "";
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
            continue;
        }
        let known = match line.split_once('=') {
            Some((key, _)) => !section.is_empty() && key.chars().all(char::is_alphanumeric),
            None => false,
        };
        if !known {
            return Some(format!("[{section}] {line}"));
        }
    }
    (section != "Install").then(|| "it cannot be enabled".to_owned())
}

#[test]
fn the_systemd_units_are_sound() {
    for unit in ["systemd/herald.service", "systemd/herald@.service"] {
        let text = read(unit);
        assert_eq!(problem_of_unit(&text), None, "{unit}");
        assert!(
            text.contains("ExecStart=/usr/local/bin/herald --config /etc/herald/herald.toml serve")
        );
    }
    assert!(problem_of_unit("[Service]\nExecStart /bin/true\n[Install]").is_some());
    for line in read("systemd/environment.example").lines().filter(|line| !line.starts_with('#')) {
        assert!(line.starts_with("HERALD_") && line.contains('='), "{line}");
    }
}

/// By the program itself, where it is installed; the binary that a unit starts need not be.
#[test]
fn systemd_finds_no_fault_in_the_units() {
    let copies = tempfile::tempdir().expect("a folder");
    for unit in ["herald.service", "herald@.service"] {
        let text = read(&format!("systemd/{unit}")).replace("/usr/local/bin/herald", "/bin/true");
        let copy = copies.path().join(unit.replace('@', "@1"));
        fs::write(&copy, text).expect("a copy");
        let Ok(verified) =
            Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&copy).output()
        else {
            return;
        };
        let said = String::from_utf8_lossy(&verified.stderr);
        let about_it = said.lines().find(|line| line.contains("herald"));
        assert!(about_it.is_none(), "{said}");
    }
}

#[test]
fn haproxy_finds_no_fault_in_its_file() {
    // Names of a compose network are not there.
    let text = read("haproxy.cfg").replace("node-1:", "127.0.0.1:");
    let text = text.replace("node-2:", "127.0.0.1:").replace("node-3:", "127.0.0.1:");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("haproxy.cfg");
    fs::write(&file, text).expect("a copy");
    if let Ok(checked) = Command::new("haproxy").arg("-c").arg("-f").arg(&file).output() {
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    }
}
