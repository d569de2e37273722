//! The URL of a database: read, and shown. What is said of one that cannot be used has no part of it
//! that may be a password, whatever was mistaken for something else.

use std::str::FromStr as _;

use tokio_postgres::{Config, config::Host};

/// Parameters of other programs, and what to do about them here.
const ELSEWHERE: &[(&str, &str)] = &[
    ("sslrootcert", "certificates are verified by the system's authorities: add yours to them"),
    ("sslcert", "Herald identifies itself by its password"),
    ("sslkey", "Herald identifies itself by its password"),
    ("passfile", "write the password into the URL"),
    ("service", "write the host into the URL"),
];

/// Reads `postgres://user:password@host:port/database?…`. A problem is the end of a sentence that
/// begins with what the URL is.
pub(crate) fn read(url: &str) -> Result<Config, String> {
    let is_url = url.starts_with("postgres://") || url.starts_with("postgresql://");
    let config = Config::from_str(url).ok().filter(|_| is_url);
    let config = config.filter(hosts_are_names).ok_or_else(|| problem(url))?;
    if config.get_hosts().is_empty() {
        return Err("names no host: write postgres://user:password@host:port/database".into());
    }
    Ok(config)
}

/// The rest of a password with an `@` in it would be taken for a part of the host.
fn hosts_are_names(config: &Config) -> bool {
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => !name.contains('@'),
        Host::Unix(_) => true,
    })
}

fn problem(url: &str) -> String {
    let has = |name: &str| url.contains(&format!("?{name}=")) || url.contains(&format!("&{name}="));
    if let Some((name, advice)) = ELSEWHERE.iter().find(|(name, _)| has(name)) {
        return format!("has the parameter {name}, which Herald does not know: {advice}");
    }
    if has("sslmode") {
        return "is not one of PostgreSQL's that Herald can use: sslmode is disable, prefer or \
                require, and certificates are verified whenever TLS is used"
            .into();
    }
    "is not one of PostgreSQL's: write postgres://user:password@host:port/database, and in it % and \
     two hex digits for a character such as @ or % of the password"
        .into()
}

/// The URL without password and parameters.
pub(crate) fn shown(config: &Config) -> String {
    let ports = config.get_ports();
    let hosts = config.get_hosts().iter().enumerate().map(|(index, host)| {
        let name = match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        };
        match ports.get(index).or(ports.first()) {
            Some(port) => format!("{name}:{port}"),
            None => name,
        }
    });
    let hosts: Vec<String> = hosts.collect();
    let user = config.get_user().map(|user| format!("{user}@")).unwrap_or_default();
    let name = config.get_dbname().map(|name| format!("/{name}")).unwrap_or_default();
    format!("postgres://{user}{}{name}", hosts.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shows(url: &str) -> String {
        shown(&read(url).unwrap())
    }

    #[test]
    fn a_url_is_shown_without_its_password_and_parameters() {
        for (url, expected) in [
            ("postgres://u:hunter2@db.example:5433/herald", "postgres://u@db.example:5433/herald"),
            ("postgresql://u:hunter2@db/herald?sslmode=require", "postgres://u@db:5432/herald"),
            ("postgres://u:hunter2@a,b:1/herald", "postgres://u@a:5432,b:1/herald"),
            ("postgres://db/herald?password=hunter2", "postgres://db:5432/herald"),
        ] {
            assert_eq!(shows(url), expected);
        }
    }

    #[test]
    fn what_cannot_be_used_is_refused_without_being_repeated() {
        for (url, expected) in [
            ("postgres://u:hunt@er2@db/x", "is not one of PostgreSQL's"),
            ("postgres://u:hunt@er2:5432@db/x", "is not one of PostgreSQL's"),
            ("postgres://u:hunter2@db:port/x", "is not one of PostgreSQL's"),
            ("host=db password=hunter2", "is not one of PostgreSQL's"),
            ("postgres://", "names no host"),
            ("postgres://u:hunter2@db/x?sslmode=verify-full", "sslmode is disable, prefer"),
            ("postgres://u:hunter2@db/x?a=b&sslrootcert=/ca.pem", "sslrootcert, which"),
        ] {
            let problem = read(url).expect_err(url);
            assert!(problem.contains(expected), "{url}: {problem}");
            for part in ["hunt", "er2", "db", "port/x", "ca.pem"] {
                assert!(!problem.contains(part), "{url}: {problem}");
            }
        }
    }
}
