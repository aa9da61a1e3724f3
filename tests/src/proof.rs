//! What the tests prove of each built-in connection type: the tests hold it, and the page of the guide says it.

use std::io::{self, Write as _};

use connection_registry::testing::conformance::{Outcome, Report, Trial};

/// What is proven of one type.
#[derive(Debug)]
pub struct Proof {
    /// As in `type = "…"`.
    pub type_name: &'static str,
    /// The cargo feature.
    pub feature: &'static str,
    /// The crates below it.
    pub drivers: &'static str,
    /// How a connection is encrypted, in a few words.
    pub encryption: &'static str,
    /// What the trials run against.
    pub server: &'static str,
    /// The trials of the conformance suite that are skipped, with the reason for readers. All others pass.
    pub skipped: &'static [(&'static str, &'static str)],
    /// What is tested beyond the suite.
    pub beyond: &'static str,
}

impl Proof {
    /// That of the type called `type_name`.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub fn of(type_name: &str) -> &'static Self {
        let found = PROOFS.iter().find(|proof| proof.type_name == type_name);
        found.unwrap_or_else(|| panic!("`{type_name}` has no row in tests/src/proof.rs"))
    }
}

/// Asserts that the suite passed on the type called `type_name`, but for the trials that its proof names as skipped.
///
/// # Panics
///
/// With the report, when it is not so.
#[track_caller]
pub fn assert_proven(type_name: &str, report: &Report) {
    report.assert_clean();
    let is_skipped = |trial: &&Trial| matches!(trial.outcome(), Outcome::Skipped(_));
    let skipped: Vec<_> = report.trials().iter().filter(is_skipped).map(Trial::name).collect();
    let expected: Vec<_> = Proof::of(type_name).skipped.iter().map(|(name, _)| *name).collect();
    assert_eq!(skipped, expected, "the proof of `{type_name}` names other trials as skipped\n{report}");
    // For those who look what was healed when.
    writeln!(io::stdout(), "{report}").expect("the output of a test is open");
}

/// One row for each built-in type, by name.
pub const PROOFS: &[Proof] = &[
    Proof {
        type_name: "amqp",
        feature: "amqp",
        drivers: "lapin",
        encryption: "`amqps://` or `tls`, always verified",
        server: "RabbitMQ",
        skipped: &[],
        beyond: "wrong credentials and virtual hosts, passwords of any characters, encryption with and without a client \
            certificate, channels and consumers that come back, the way through a tunnel",
    },
    Proof {
        type_name: "etcd",
        feature: "etcd",
        drivers: "etcd-client",
        encryption: "`https://`, always verified",
        server: "etcd",
        skipped: &[],
        beyond: "wrong passwords, authorities that are trusted and not, another name, a client certificate, the way through a tunnel",
    },
    Proof {
        type_name: "grpc",
        feature: "grpc",
        drivers: "tonic, tonic-health",
        encryption: "`https://` or `tls`, always verified",
        server: "a server of tonic in the process of the test, with and without encryption",
        skipped: NO_SECRET,
        beyond: "services that do not serve, servers without the health protocol, client certificates, the way through a tunnel",
    },
    Proof {
        type_name: "http",
        feature: "http",
        drivers: "reqwest",
        encryption: "`https://`, always verified",
        server: "a server of axum in the process of the test, with and without encryption",
        skipped: &[],
        beyond: "each kind of login, redirects that must not carry it elsewhere, paths that must not leave the base, the way \
            through a tunnel and no way round it",
    },
    Proof {
        type_name: "kafka",
        feature: "kafka",
        drivers: "rdkafka",
        encryption: "none: it would need OpenSSL",
        server: "Tansu, which speaks the protocol of Kafka",
        skipped: &[("fails as it should", "that server lets everybody in")],
        beyond: "groups on the mock cluster of librdkafka, and a login that is refused by a broker in the test",
    },
    Proof {
        type_name: "ldap",
        feature: "ldap",
        drivers: "ldap3",
        encryption: "`ldaps://`, or StartTLS by `tls`, always verified",
        server: "OpenLDAP (slapd)",
        skipped: &[],
        beyond: "wrong passwords, encryption from the start and by StartTLS, the way through a tunnel",
    },
    Proof {
        type_name: "memcached",
        feature: "memcached",
        drivers: "async-memcached, deadpool",
        encryption: "none: the driver has none",
        server: "memcached",
        skipped: &[
            ("shows no canary", WITHOUT_SECRET),
            ("fails as it should", WITHOUT_SECRET),
            ("logs no canary", WITHOUT_SECRET),
            ("what it is made of logs no canary", WITHOUT_SECRET),
        ],
        beyond: "the limit of the pool, commands that are dropped in the middle, connections that died while nobody used them, \
            the way through a tunnel",
    },
    Proof {
        type_name: "mqtt",
        feature: "mqtt",
        drivers: "rumqttc-v4-next",
        encryption: "`mqtts://` or `tls`, always verified",
        server: "Mosquitto",
        skipped: &[],
        beyond: "subscriptions that come back, sessions that are kept, last wills, a peer that falls silent while it is sent to, \
            encryption with and without a client certificate, the way through a tunnel",
    },
    Proof {
        type_name: "mysql",
        feature: "mysql",
        drivers: "sqlx",
        encryption: "`tls`, from `disable` to `verify-full`",
        server: "MariaDB",
        skipped: &[],
        beyond: "wrong passwords and databases, passwords of any characters, a password that is rotated under load, encryption, \
            the way through a tunnel",
    },
    Proof {
        type_name: "nats",
        feature: "nats",
        drivers: "async-nats",
        encryption: "`tls://` or `tls`, always verified",
        server: "nats-server",
        skipped: &[],
        beyond: "tokens and passwords of any characters, several servers of which one is up, encryption with and without a \
            client certificate, subscriptions that come back, the way through a tunnel",
    },
    Proof {
        type_name: "nats-jetstream",
        feature: "nats-jetstream",
        drivers: "async-nats",
        encryption: "that of the connection `nats` that it names",
        server: "nats-server with JetStream",
        skipped: &[],
        beyond: "the way through the tunnel of that connection",
    },
    Proof {
        type_name: "postgres",
        feature: "postgres",
        drivers: "sqlx",
        encryption: "`tls`, from `disable` to `verify-full`",
        server: "PostgreSQL",
        skipped: &[],
        beyond: "wrong passwords and databases, passwords of any characters, a password that is rotated under load, encryption with \
            and without a client certificate, settings seen from the server, the way through a tunnel",
    },
    Proof {
        type_name: "redis",
        feature: "redis",
        drivers: "redis",
        encryption: "`rediss://` or `tls`, always verified",
        server: "Redis",
        skipped: &[],
        beyond: "wrong, missing and insufficient logins, passwords of any characters, encryption with and without a client \
            certificate, a login that is refused after a restart, commands that block, the way through a tunnel",
    },
    Proof {
        type_name: "smtp",
        feature: "smtp",
        drivers: "lettre",
        encryption: "`smtps://`, or STARTTLS, always verified",
        server: "aiosmtpd",
        skipped: &[],
        beyond: "wrong passwords, STARTTLS and encryption from the start, mails seen by the server, the way through a tunnel",
    },
    Proof {
        type_name: "sqlite",
        feature: "sqlite",
        drivers: "sqlx",
        encryption: "none: it is a file",
        server: "files and memory, without a server",
        skipped: WITHOUT_SERVER,
        beyond: "locks held by others, files that are garbage, missing, forbidden or replaced",
    },
    Proof {
        type_name: "ssh-tunnel",
        feature: "ssh-tunnel",
        drivers: "russh",
        encryption: "SSH, the host's key always checked",
        server: "OpenSSH (sshd)",
        skipped: &[],
        beyond: "unknown and changed host keys, keys with and without a passphrase, passwords, forwarding that is denied, PostgreSQL \
            behind it while either dies",
    },
    Proof {
        type_name: "storage",
        feature: "storage",
        drivers: "object_store, reqwest",
        encryption: "by the scheme of `endpoint`, always verified",
        server: "SeaweedFS (S3), folders and memory",
        skipped: &[],
        beyond: "buckets that are not there, wrong keys, prefixes, a folder that vanishes, the way through a tunnel",
    },
];

const WITHOUT_SECRET: &str = "it knows no secret";

const NO_SECRET: &[(&str, &str)] = &[
    ("shows no canary", WITHOUT_SECRET),
    ("logs no canary", WITHOUT_SECRET),
    ("what it is made of logs no canary", WITHOUT_SECRET),
];

const IN_THE_PROCESS: &str = "there is no server";

const WITHOUT_SERVER: &[(&str, &str)] = &[
    ("shows no canary", WITHOUT_SECRET),
    ("gives up in time", IN_THE_PROCESS),
    ("fails as it should: a closed port", IN_THE_PROCESS),
    ("fails as it should: an unknown host", IN_THE_PROCESS),
    ("fails as it should: a peer that hangs up", IN_THE_PROCESS),
    ("gives up in time: a peer that never answers", IN_THE_PROCESS),
    ("gives up in time: a peer that answers garbage", IN_THE_PROCESS),
    ("refuses no use after its server was killed and restarted", IN_THE_PROCESS),
    ("a frozen server is noticed and forgiven", IN_THE_PROCESS),
    ("connects once the server is there", IN_THE_PROCESS),
    ("a shutdown leaves no socket", IN_THE_PROCESS),
    ("logs no canary", WITHOUT_SECRET),
    ("what it is made of logs no canary", WITHOUT_SECRET),
];
