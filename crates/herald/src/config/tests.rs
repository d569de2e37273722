//! The configuration's laws: what is refused and with which words, what wins, what is generated.

use std::{io::Write as _, path::PathBuf};

use super::{keys::KEYS, *};

fn from_file(text: &str) -> Result<Config, ConfigProblems> {
    load(text, &[])
}

fn from_variables(variables: &[(&str, &str)]) -> Result<Config, ConfigProblems> {
    load("", variables)
}

fn load(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigProblems> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let environment =
        variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let sources = Sources { file: Some(file.path().into()), environment, ..Sources::default() };
    sources.load().map_err(|mut problems| {
        // The folder's name is chance; what follows it is the message.
        let folder = format!("{}:", file.path().display());
        problems.0.iter_mut().for_each(|line| *line = line.replace(&folder, "herald.toml:"));
        problems
    })
}

fn refusal(result: Result<Config, ConfigProblems>) -> String {
    let problems = result.expect_err("this should be refused");
    assert_eq!(problems.lines().len(), 1, "{problems}");
    problems.lines()[0].clone()
}

#[test]
fn nothing_configured_gives_the_documented_defaults() {
    let config = from_file("").unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8400");
    assert_eq!(config.database, Database::Sqlite("herald-data/herald.db".into()));
    assert_eq!(config.delivery.timeout.as_secs(), 15);
    let schedule = RetrySchedule::new(config.delivery.retry_schedule, config.delivery.retry_jitter);
    assert_eq!(schedule, Ok(RetrySchedule::default()));
}

#[test]
fn the_environment_wins_over_the_file() {
    let file = "listen = \"127.0.0.1:1\"\n[delivery]\ntimeout = \"1s\"\nretry_jitter = 0.5\n";
    let config = load(file, &[("HERALD_DELIVERY__TIMEOUT", "2m")]).unwrap();
    assert_eq!(config.listen.port(), 1);
    assert_eq!(config.delivery.timeout.as_secs(), 120);
    assert!((config.delivery.retry_jitter - 0.5).abs() < f64::EPSILON);
}

#[test]
fn lists_are_arrays_in_the_file_and_separated_by_commas_in_the_environment() {
    let networks = ["10.1.0.0/16", "fd00:1::/64"].map(|text| text.parse().unwrap());
    let file = "[delivery]\nallowed_networks = [\"10.1.0.0/16\", \"fd00:1::/64\"]\n";
    assert_eq!(from_file(file).unwrap().delivery.allowed_networks, networks);
    let variables = [
        ("HERALD_DELIVERY__ALLOWED_NETWORKS", "10.1.0.0/16, fd00:1::/64"),
        ("HERALD_DELIVERY__RETRY_SCHEDULE", "300ms,15s,2m,1h,1d"),
    ];
    let delivery = from_variables(&variables).unwrap().delivery;
    assert_eq!(delivery.allowed_networks, networks);
    let millis: Vec<_> = delivery.retry_schedule.iter().map(Duration::as_millis).collect();
    assert_eq!(millis, [300, 15_000, 120_000, 3_600_000, 86_400_000]);
}

#[test]
fn an_unknown_key_of_the_file_is_refused_with_its_line_and_the_nearest_known_one() {
    for (text, line, meant) in [
        ("lisen = \"x\"\n", "herald.toml:1: unknown key `lisen`", "`listen`"),
        (
            "\n[delivery]\ntimout = \"1s\"\n",
            "herald.toml:3: unknown key `delivery.timout`",
            "`delivery.timeout`",
        ),
        ("timeout = \"1s\"\n", "herald.toml:1: unknown key `timeout`", "`delivery.timeout`"),
        ("[log]\nformats = \"json\"\n", "herald.toml:2: unknown key `log.formats`", "`log.format`"),
        (
            "[deliveries]\nallow_http = true\n",
            "herald.toml:2: unknown key `deliveries.allow_http`",
            "`delivery.allow_http`",
        ),
    ] {
        assert_eq!(refusal(from_file(text)), format!("{line}: did you mean {meant}?"));
    }
    let far = refusal(from_file("frobnicate = 1\n"));
    assert_eq!(
        far,
        "herald.toml:1: unknown key `frobnicate`: remove it; `herald config` lists the known ones"
    );
}

#[test]
fn an_unknown_variable_is_refused_with_the_nearest_known_one() {
    for (name, meant) in [
        ("HERALD_LISTEM", "HERALD_LISTEN"),
        ("HERALD_DELIVERY_TIMEOUT", "HERALD_DELIVERY__TIMEOUT"),
        ("HERALD_TIMEOUT", "HERALD_DELIVERY__TIMEOUT"),
        ("HERALD_listen", "HERALD_LISTEN"),
        ("HERALD_DELIVERY__MAX_IN_FLIGT", "HERALD_DELIVERY__MAX_IN_FLIGHT"),
    ] {
        let expected =
            format!("the environment: unknown variable `{name}`: did you mean `{meant}`?");
        assert_eq!(refusal(from_variables(&[(name, "1")])), expected);
    }
}

#[test]
fn a_wrong_value_is_refused_with_its_place_and_what_it_should_be() {
    for (text, expected) in [
        ("listen = 8400", "`listen` should be an address and a port"),
        ("listen = \"localhost\"", "`listen` should be an address and a port"),
        ("public_url = \"hooks.example.com\"", "`public_url` should be a URL such as"),
        ("database_url = \"herald.db\"", "`database_url` has no scheme"),
        ("database_url = \"hunter2\"", "`database_url` has no scheme"),
        ("database_url = \"mysql://u:hunter2@db/x\"", "`database_url` has an unknown scheme"),
        ("database_url = \"postgres://u:hunter2@db:x/y\"", "is not one of PostgreSQL's"),
        ("database_url = \"postgresql://u:hunter2@\"", "names no host"),
        ("database_connections = 3", "should be a whole number from 4 to 1000"),
        ("role = \"web\"", "`role` should be \"all\" or \"api\" or \"dispatch\", not \"web\""),
        ("role = \"api\"", "one process alone works on an SQLite file"),
        ("node_name = \"\"", "`node_name` should have 1 to 100 characters"),
        ("node_lease = \"0s\"", "`node_lease` should be from 1s to 10m, not 0ms"),
        ("database_url = \"sqlite::memory:\"", "would lose what was accepted"),
        ("database_url = \"sqlite:\"", "names no file"),
        ("database_url = \"sqlite:a.db?mode=ro\"", "takes no parameters"),
        ("operator_key = \"hunter2\"", "`operator_key` should have at least 16 characters"),
        ("operator_key = \"correct horse battery\"", "printable ASCII characters, and no spaces"),
        ("secret_key = \"hunter2\"", "`secret_key` should be 64 hex digits"),
        ("notice_secret = \"hunter2\"", "`notice_secret` should be 32 letters and digits"),
        ("notice_attempts_left = 101", "should be a whole number from 0 to 100"),
        ("catalogue_file = \"\"", "`catalogue_file` should be the path of a file"),
        ("delivery.timeout = 15", "`delivery.timeout` should be a duration such as"),
        ("delivery.timeout = \"15 s\"", "should be a duration such as"),
        ("delivery.timeout = \"0s\"", "`delivery.timeout` should be from 100ms to 1d, not 0ms"),
        ("delivery.timeout = \"99999999999999999999d\"", "should be a duration such as"),
        ("delivery.timeout = [\"15s\"]", "`delivery.timeout` should be one value, not a list"),
        ("delivery.retry_schedule = [\"0s\"]", "each from 1ms to 30d"),
        ("delivery.retry_jitter = 1.5", "should be a share from 0.0 to 1.0"),
        ("delivery.retry_jitter = nan", "should be a share from 0.0 to 1.0"),
        ("delivery.disable_policy = \"never\"", "should be \"always\" or \"unless_succeeding\""),
        ("delivery.allowed_networks = [\"10.0.0.5/8\"]", "has bits set after its prefix"),
        ("delivery.allowed_networks = [\"0.0.0.0/0\"]", "would allow every address"),
        ("delivery.allowed_networks = [\"intranet\"]", "should be networks such as"),
        ("delivery.allow_http = \"yes\"", "should be true or false, not \"yes\""),
        ("delivery.max_in_flight = 0", "should be a whole number from 1 to"),
        ("limits.webhooks_per_environment = -1", "should be a whole number from 1 to"),
        ("retention.days = 1.5", "should be a whole number from 1 to"),
        ("retention.days = 2020-01-01", "should be a text, a number"),
        ("log.format = \"xml\"", "should be \"text\" or \"json\""),
        ("log.level = \"herald=loud\"", "should be error, warn, info"),
    ] {
        let problem = refusal(from_file(text));
        assert!(problem.starts_with("herald.toml:1: `"), "{text}: {problem}");
        assert!(problem.contains(expected), "{text}: {problem}");
        assert!(!problem.contains("hunter2"), "a secret is not repeated: {problem}");
    }
}

#[test]
fn every_problem_is_reported_at_once() {
    let problems = load("listen = 1\nfoo_bar_baz = 2\n", &[("HERALD_LOG__FORMAT", "x")]);
    assert_eq!(problems.unwrap_err().lines().len(), 3);
}

#[test]
fn a_file_that_is_not_toml_is_refused_with_its_line_and_without_its_text() {
    let problem = refusal(from_file("listen = \"127.0.0.1:0\"\nsecret_key = hunter2\n"));
    assert!(problem.starts_with("herald.toml:2: this is not TOML: "), "{problem}");
    assert!(!problem.contains("hunter2"), "{problem}");
}

#[test]
fn a_file_that_is_not_there_is_refused_by_name() {
    let sources =
        Sources { file: Some(PathBuf::from("/nowhere/herald.toml")), ..Sources::default() };
    let problem = refusal(sources.load());
    assert!(problem.starts_with("/nowhere/herald.toml: the file cannot be read: "), "{problem}");
}

#[test]
fn debugging_a_configuration_does_not_show_its_secrets() {
    let secrets = [
        ("HERALD_OPERATOR_KEY", "0123456789abcdef"),
        ("HERALD_SECRET_KEY", &"ab".repeat(32)),
        ("HERALD_NOTICE_SECRET", &"Cd".repeat(16)),
    ];
    let shown = format!("{:?}", from_variables(&secrets).unwrap());
    assert!(!shown.contains("0123456789abcdef"), "{shown}");
    assert!(!shown.contains("abab") && !shown.contains("CdCd"), "{shown}");
}

#[test]
fn the_default_file_with_every_key_in_force_is_the_default_configuration() {
    let text = default_file();
    let unset = |line: &str| {
        KEYS.iter().any(|key| {
            let name = key.path.rsplit('.').next().unwrap_or_default();
            !key.example.is_empty() && line.starts_with(&format!("#{name} = "))
        })
    };
    let in_force: String = text
        .lines()
        .filter(|line| !unset(line))
        .map(|line| match line.strip_prefix('#') {
            Some(rest) if !rest.is_empty() && !rest.starts_with(' ') => format!("{rest}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let config = from_file(&in_force).unwrap();
    assert_eq!(format!("{config:?}"), format!("{:?}", Config::default()));
    for key in KEYS.iter().filter(|key| key.example.is_empty()) {
        let name = key.path.rsplit('.').next().unwrap_or_default();
        assert!(in_force.contains(&format!("\n{name} = ")), "{}", key.path);
    }
}

#[test]
fn the_password_of_a_database_is_never_shown() {
    let url = "postgres://herald:hunter2@db.example:5433/herald?sslmode=require";
    let config = from_variables(&[("HERALD_DATABASE_URL", url)]).unwrap();
    assert_eq!(config.database.to_string(), "postgres://herald@db.example:5433/herald");
    assert!(!format!("{config:?}").contains("hunter2"));
    assert_eq!(config.database.folder(), PathBuf::from("herald-data"));
    let Database::Postgres(given) = &config.database else { panic!("{config:?}") };
    assert_eq!(given.reveal(), url);
}

#[test]
fn a_role_is_taken_from_the_command_line_before_all_else() {
    let url = ("HERALD_DATABASE_URL", "postgres://db/herald");
    let sources = |database: (&str, &str)| Sources {
        environment: vec![
            (database.0.to_owned(), database.1.to_owned()),
            ("HERALD_ROLE".into(), "api".into()),
        ],
        arguments: vec![("role", "dispatch".into())],
        ..Sources::default()
    };
    assert_eq!(from_variables(&[url]).unwrap().node.role, Role::All);
    assert_eq!(from_variables(&[url, ("HERALD_ROLE", "api")]).unwrap().node.role, Role::Api);
    assert_eq!(sources(url).load().unwrap().node.role, Role::Dispatch);
    let alone = refusal(sources(("HERALD_DATABASE_URL", "sqlite:x")).load());
    assert!(alone.starts_with("the command line: `role` parts the work"), "{alone}");
}

#[test]
fn a_process_without_a_name_is_called_by_its_host_and_number() {
    let name = Config::default().node.shown_name();
    assert!(name.ends_with(&format!("/{}", std::process::id())) && name.len() > 2, "{name}");
}

#[test]
fn notices_are_not_sent_unsigned() {
    let url = "https://ops.example.com/herald";
    let text = format!("listen = \"127.0.0.1:0\"\nnotice_url = \"{url}\"\n");
    let problem = refusal(from_file(&text));
    assert!(
        problem.starts_with("herald.toml:2: `notice_url` needs a `notice_secret`"),
        "{problem}"
    );
    assert!(problem.contains("openssl rand"), "{problem}");
    let secret = "ab".repeat(16);
    let config = load(&text, &[("HERALD_NOTICE_SECRET", &secret)]).unwrap();
    assert_eq!(config.notice_url.as_deref(), Some(url));
    assert!(load("", &[("HERALD_NOTICE_SECRET", &secret)]).unwrap().notice_url.is_none());
}

#[test]
fn the_examples_of_keys_without_a_default_are_values_that_they_take() {
    // Nobody should configure a secret that stands in the documentation.
    let in_words = |key: &keys::Key| ["secret_key", "notice_secret"].contains(&key.path);
    for key in KEYS.iter().filter(|key| !key.example.is_empty() && !in_words(key)) {
        let mut config = Config::default();
        assert_eq!((key.set)(&mut config, &Given::One(key.example.into())), Ok(()), "{}", key.path);
    }
}

#[test]
fn the_generated_files_are_up_to_date() {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    for (name, generated) in
        [("docs/configuration.md", render::reference()), ("herald.example.toml", default_file())]
    {
        let path = root.join(name);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, &generated).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == generated,
            "{name} is not what the table of keys makes: run `UPDATE_DOCS=1 cargo test -p herald config`"
        );
    }
}
