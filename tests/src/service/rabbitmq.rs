//! RabbitMQ.

use std::{process::Command, time::Duration};

use super::{Plan, Ready, Recipe, Site, Tls};

/// A RabbitMQ broker. It takes up to 40 s to start on a busy machine: let tests share one.
#[derive(Clone, Debug)]
pub struct RabbitMq {
    /// The only user, who may do everything.
    pub user: String,
    /// Its password.
    pub password: String,
    /// The only virtual host.
    pub vhost: String,
    /// Whether clients must speak TLS.
    pub tls: Tls,
}

impl Default for RabbitMq {
    fn default() -> Self {
        Self { user: "app".to_owned(), password: "secret".to_owned(), vhost: "/".to_owned(), tls: Tls::Off }
    }
}

impl Recipe for RabbitMq {
    const NAME: &'static str = "RabbitMQ";
    const PROGRAMS: &'static [&'static str] = &["rabbitmq-server", "epmd"];
    const PACKAGE: &'static str = "Debian package rabbitmq-server";
    const PORTS: usize = 3;

    fn tls(&self) -> Tls {
        self.tls
    }

    fn prepare(&self, site: &Site) -> Plan {
        site.write("rabbitmq.conf", &self.configuration(site));
        site.write("plugins", "[].\n");
        let mut command = site.command("sh");
        // Its own `epmd` as a child: otherwise it makes a daemon of one, which outlives it.
        let script = "\"$1\" -port \"$2\" -address 127.0.0.1 & exec \"$3\"";
        command.args(["-c", script, "sh"]).arg(site.command("epmd").get_program());
        command.arg(site.other_port(2).to_string()).arg(site.command("rabbitmq-server").get_program());
        self.set_environment(site, &mut command);
        let plan = Plan::new(command).deadline(Duration::from_secs(120));
        if self.tls == Tls::Off { plan.ready(Ready::Says { hello: b"AMQP\0\0\x09\x01", is_good }) } else { plan }
    }
}

impl RabbitMq {
    fn configuration(&self, site: &Site) -> String {
        let port = site.port();
        if self.tls == Tls::Off {
            return format!("loopback_users = none\nlisteners.tcp.1 = 127.0.0.1:{port}\n");
        }
        let (certificate, key) = site.server_certificate();
        let is_mutual = self.tls == Tls::Mutual;
        format!(
            "loopback_users = none\nlisteners.tcp = none\nlisteners.ssl.1 = 127.0.0.1:{port}\n\
             ssl_options.cacertfile = {}\nssl_options.certfile = {}\nssl_options.keyfile = {}\n\
             ssl_options.verify = {}\nssl_options.fail_if_no_peer_cert = {is_mutual}\n",
            site.authority().certificate().display(),
            certificate.display(),
            key.display(),
            if is_mutual { "verify_peer" } else { "verify_none" },
        )
    }

    fn set_environment(&self, site: &Site, command: &mut Command) {
        let (port, distribution, mapper) = (site.port(), site.other_port(1), site.other_port(2));
        command.env("HOME", site.folder());
        command.envs([("RABBITMQ_DEFAULT_USER", &self.user), ("RABBITMQ_DEFAULT_PASS", &self.password)]);
        command.env("RABBITMQ_DEFAULT_VHOST", &self.vhost);
        command.env("RABBITMQ_NODENAME", format!("test{port}@localhost")).env("RABBITMQ_NODE_PORT", port.to_string());
        command.env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1").env("RABBITMQ_DIST_PORT", distribution.to_string());
        command.env("ERL_EPMD_PORT", mapper.to_string()).env("ERL_EPMD_ADDRESS", "127.0.0.1");
        command.env("RABBITMQ_MNESIA_BASE", site.path("data")).env("RABBITMQ_LOG_BASE", site.path("log"));
        command.env("RABBITMQ_ENABLED_PLUGINS_FILE", site.path("plugins")).env("RABBITMQ_LOGS", "-");
        command.env("RABBITMQ_CONFIG_FILE", site.path("rabbitmq")).env("RABBITMQ_CONF_ENV_FILE", "/dev/null");
        // One scheduler that does not spin: it is one of many servers on a small machine.
        command.env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "+S 1:1 +sbwt none");
    }
}

/// Connection.Start: a frame of methods.
fn is_good(answer: &[u8]) -> bool {
    answer.first() == Some(&1)
}
