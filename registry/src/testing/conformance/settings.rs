//! The lifecycle settings of a trial.

use std::time::Duration;

/// What stands below `[defaults.lifecycle]`, so that the author's own settings come before it.
pub(super) struct Settings {
    connect_timeout: Duration,
    disconnect_timeout: Duration,
    check_timeout: Duration,
    more: &'static str,
}

impl Settings {
    /// Everything may take so long.
    pub(super) fn new(timeout: Duration) -> Self {
        Self { connect_timeout: timeout, disconnect_timeout: timeout, check_timeout: timeout, more: "" }
    }

    /// The first failure is the last one, so that it is told at once.
    pub(super) fn one_try(self) -> Self {
        Self { more: "retry = { base = \"1h\", max = \"1h\" }\n", ..self }
    }

    /// What is broken is noticed and tried again within moments.
    pub(super) fn healing(timeout: Duration) -> Self {
        let check_timeout = LONGEST_CHECK.min(timeout / 4);
        Self { check_timeout, more: HEALING, ..Self::new(timeout) }
    }

    /// The same, but that nothing is checked unless somebody asks.
    pub(super) fn healing_when_asked(timeout: Duration) -> Self {
        Self { more: HEALING_WHEN_ASKED, ..Self::healing(timeout) }
    }

    pub(super) fn with_connect_timeout(self, connect_timeout: Duration) -> Self {
        Self { connect_timeout, ..self }
    }

    pub(super) fn connect_timeout(&self) -> Duration {
        self.connect_timeout
    }

    pub(super) fn check_timeout(&self) -> Duration {
        self.check_timeout
    }

    pub(super) fn to_toml(&self) -> String {
        let Self { connect_timeout, disconnect_timeout, check_timeout, more } = self;
        let [connect, disconnect, check] =
            [connect_timeout, disconnect_timeout, check_timeout].map(|time| time.as_millis().max(1));
        format!(
            "[defaults.lifecycle]\nconnect_timeout = \"{connect}ms\"\ndisconnect_timeout = \"{disconnect}ms\"\n\
             check_timeout = \"{check}ms\"\n{more}"
        )
    }
}

const LONGEST_CHECK: Duration = Duration::from_secs(1);

const HEALING: &str = "check_interval = \"200ms\"\ncheck_fall = 1\ncheck_rise = 1\n\
                       retry = { base = \"50ms\", max = \"200ms\", background_max = \"200ms\" }\n";

const HEALING_WHEN_ASKED: &str = "check_interval = \"1h\"\ncheck_fall = 1\ncheck_rise = 1\n\
                                  retry = { base = \"50ms\", max = \"200ms\", background_max = \"200ms\" }\n";
