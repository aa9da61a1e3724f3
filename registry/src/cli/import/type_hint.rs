//! Which linked type a type of the Python library may be.

use crate::diagnostic::did_you_mean;

/// The linked type that `words` may mean: the type as the file has it, and what else may tell, such as the backend of a
/// database. A type is suggested, and never put in place of another.
pub(super) fn suggestion<'l>(words: &[&str], linked: &[&'l str]) -> Option<&'l str> {
    let exact = words.iter().find_map(|word| alias(word)).and_then(|name| find(name, linked));
    exact.or_else(|| words.iter().find_map(|word| did_you_mean(word, linked.iter().copied())))
}

fn find<'l>(name: &str, linked: &[&'l str]) -> Option<&'l str> {
    linked.iter().find(|linked| **linked == name).copied()
}

fn alias(word: &str) -> Option<&'static str> {
    let word = word.to_lowercase().replace('_', "-");
    ALIASES.iter().find(|(name, words)| *name == word || words.contains(&word.as_str())).map(|(name, _)| *name)
}

/// The built-in types, each with the words that stand for it elsewhere.
const ALIASES: &[(&str, &[&str])] = &[
    ("amqp", &["rabbitmq", "rabbit"]),
    ("etcd", &["etcd3"]),
    ("grpc", &[]),
    ("http", &["https", "rest", "api", "webhook"]),
    ("kafka", &["redpanda"]),
    ("ldap", &["ldaps", "active-directory"]),
    ("memcached", &["memcache"]),
    ("mqtt", &["mosquitto"]),
    ("mysql", &["mariadb", "aurora"]),
    ("nats", &[]),
    ("nats-jetstream", &["jetstream"]),
    ("postgres", &["postgresql", "psql", "pg", "timescaledb", "cockroachdb"]),
    ("redis", &["valkey", "rediss", "keydb"]),
    ("smtp", &["mail", "email"]),
    ("sqlite", &["sqlite3"]),
    ("ssh-tunnel", &["ssh", "bastion", "tunnel"]),
    ("storage", &["s3", "minio", "aws", "object-store", "blob"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_linked_types_alone() {
        let linked = ["postgres", "redis", "sqlite"];
        for (words, expected) in [
            (&["postgresql"][..], Some("postgres")),
            (&["database", "sqlite"], Some("sqlite")),
            (&["Valkey"], Some("redis")),
            (&["postgress"], Some("postgres")),
            (&["rabbitmq"], None),
            (&["celery"], None),
            (&["database", "mongodb"], None),
        ] {
            assert_eq!(suggestion(words, &linked), expected, "{words:?}");
        }
    }

    #[test]
    fn every_alias_is_of_a_built_in_type() {
        let manifest = include_str!("../../../Cargo.toml");
        for (name, _) in ALIASES {
            assert!(manifest.contains(&format!("\n{name} = [")), "{name}");
        }
    }
}
