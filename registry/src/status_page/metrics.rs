//! The figures of all connections in the text formats of Prometheus and OpenMetrics.

use std::{collections::BTreeMap, fmt, sync::Arc};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, MetricEncoder, NoLabelSet, prometheus_text, text},
    metrics::{MetricType, histogram::Histogram},
    registry::{Registry, Unit},
};

use crate::{
    ConnectionManager, ConnectionState, ConnectionStatus,
    manager::{Counts, UNDECLARED},
};

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exposition {
    Prometheus,
    OpenMetrics,
}

impl Exposition {
    /// What a scraper likes best, by its header `Accept`.
    pub(super) fn accepted(accept: &str) -> Self {
        let weight = |media_type: &str| accept.split(',').filter_map(|one| weight_of(one, media_type)).reduce(f32::max);
        match (weight("application/openmetrics-text"), weight("text/plain")) {
            (Some(open), plain) if open > 0.0 && open >= plain.unwrap_or_default() => Self::OpenMetrics,
            _ => Self::Prometheus,
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => prometheus_text::CONTENT_TYPE,
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    pub(super) fn text(self, connections: &ConnectionManager) -> String {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Figures::of(connections)));
        let mut text = String::new();
        let written = match self {
            Self::Prometheus => prometheus_text::encode(&mut text, &registry),
            Self::OpenMetrics => text::encode(&mut text, &registry),
        };
        written.expect("a text can be written to");
        text
    }
}

/// All figures at one moment, by label.
#[derive(Debug)]
struct Figures {
    gauges: BTreeMap<String, Gauges>,
    counts: BTreeMap<Arc<str>, Counts>,
}

impl Figures {
    fn of(connections: &ConnectionManager) -> Self {
        let mut gauges: BTreeMap<String, Gauges> = BTreeMap::new();
        // What is disabled and has nothing left of the time before is as good as absent.
        let is_there =
            |connection: &&ConnectionStatus| connection.enabled || connection.state != ConnectionState::Declared;
        for connection in connections.status().connections.iter().filter(is_there) {
            gauges.entry(label(connection).to_owned()).or_default().add(connection);
        }
        Self { gauges, counts: connections.counts() }
    }
}

impl Collector for Figures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let encoder = &mut encoder;
        self.gauge(encoder, "connection_up", "Whether there is a client to hand out", None, |gauges| {
            Some(gauges.up())
        })?;
        self.states(encoder)?;
        let help = "How many clients the connection has had";
        self.gauge(encoder, "connection_generation", help, None, |gauges| Some(gauges.generation as f64))?;
        let help = "How many guards of the client are out";
        self.gauge(encoder, "connection_guards", help, None, |gauges| Some(gauges.guards as f64))?;
        let help = "How long ago the last health check ended";
        self.gauge(encoder, "connection_last_check_age", help, Some(&Unit::Seconds), |gauges| gauges.last_check_age)?;
        self.attempts(encoder)?;
        self.failures(encoder)?;
        let help = "How long a call of connect took";
        self.times(encoder, "connection_connect", help, |counts| &counts.connects)?;
        let help = "How long a call of check took";
        self.times(encoder, "connection_check", help, |counts| &counts.checks)
    }
}

impl Figures {
    fn gauge(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        value: impl Fn(&Gauges) -> Option<f64>,
    ) -> fmt::Result {
        let mut family = encoder.encode_descriptor(name, help, unit, MetricType::Gauge)?;
        self.gauges.iter().try_for_each(|(label, gauges)| match value(gauges) {
            Some(value) => family.encode_family(&[(CONNECTION, label)])?.encode_gauge(&value),
            None => Ok(()),
        })
    }

    fn states(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "1 for the state in which the connection is";
        let mut family = encoder.encode_descriptor("connection_state", help, None, MetricType::Gauge)?;
        for (label, gauges) in &self.gauges {
            for state in ConnectionState::ALL {
                let count = gauges.states.get(state.as_str()).copied().unwrap_or_default();
                family.encode_family(&[(CONNECTION, &**label), ("state", state.as_str())])?.encode_gauge(&count)?;
            }
        }
        Ok(())
    }

    fn attempts(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Calls of connect that ended";
        let mut family = encoder.encode_descriptor("connection_attempts", help, None, MetricType::Counter)?;
        let mut tried = self.counts.iter().filter(|(_, counts)| counts.attempts > 0);
        tried.try_for_each(|(label, counts)| count(&mut family, &[(CONNECTION, &**label)], counts.attempts))
    }

    fn failures(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Calls of connect, check and disconnect that failed";
        let mut family = encoder.encode_descriptor("connection_failures", help, None, MetricType::Counter)?;
        for (label, counts) in &self.counts {
            for (kind, failed) in &counts.failures {
                count(&mut family, &[(CONNECTION, &**label), ("kind", kind)], *failed)?;
            }
        }
        Ok(())
    }

    fn times(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        name: &str,
        help: &str,
        times: impl Fn(&Counts) -> &BTreeMap<&'static str, Histogram>,
    ) -> fmt::Result {
        let mut family = encoder.encode_descriptor(name, help, Some(&Unit::Seconds), MetricType::Histogram)?;
        for (label, counts) in &self.counts {
            for (result, histogram) in times(counts) {
                histogram.encode(family.encode_family(&[(CONNECTION, &**label), ("result", result)])?)?;
            }
        }
        Ok(())
    }
}

/// The gauges of one label: sums, but for the generation and the age of the last check, which are the highest.
#[derive(Debug, Default)]
struct Gauges {
    states: BTreeMap<&'static str, u32>,
    up: u32,
    generation: u64,
    guards: usize,
    last_check_age: Option<f64>,
}

impl Gauges {
    fn add(&mut self, connection: &ConnectionStatus) {
        *self.states.entry(connection.state.as_str()).or_default() += 1;
        self.up += u32::from(connection.state.is_up());
        self.generation = self.generation.max(connection.generation);
        self.guards += connection.guards;
        let age = connection.last_check.as_ref().map(|check| check.age.as_secs_f64());
        self.last_check_age = self.last_check_age.into_iter().chain(age).reduce(f64::max);
    }

    fn up(&self) -> f64 {
        self.up.into()
    }
}

/// Instances of a template share its name, and undeclared connections a word: there are no more labels than the
/// configuration has names, and one.
fn label(connection: &ConnectionStatus) -> &str {
    match (&connection.template, &connection.declared_at) {
        (Some(template), _) => template,
        (None, Some(_)) => &connection.name,
        (None, None) => UNDECLARED,
    }
}

fn count(family: &mut MetricEncoder<'_>, labels: &impl EncodeLabelSet, count: u64) -> fmt::Result {
    family.encode_family(labels)?.encode_counter::<NoLabelSet, _, f64>(&count, None)
}

/// The weight that one part of the header gives to a media type; `None` when it speaks of another.
fn weight_of(part: &str, media_type: &str) -> Option<f32> {
    let mut parameters = part.split(';').map(str::trim);
    parameters.next().filter(|named| named.eq_ignore_ascii_case(media_type))?;
    let weight = parameters.find_map(|parameter| parameter.strip_prefix("q="));
    Some(weight.map_or(1.0, |weight| weight.parse().unwrap_or_default()))
}

const CONNECTION: &str = "connection";

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(accept: &str, expected: Exposition) {
        assert_eq!(Exposition::accepted(accept), expected, "{accept}");
    }

    #[test]
    fn a_scraper_gets_the_format_that_it_prefers() {
        check("", Exposition::Prometheus);
        check("*/*", Exposition::Prometheus);
        check("text/html,*/*;q=0.8", Exposition::Prometheus);
        check("text/plain;version=0.0.4", Exposition::Prometheus);
        check("application/openmetrics-text; version=1.0.0", Exposition::OpenMetrics);
        check(
            "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2",
            Exposition::OpenMetrics,
        );
        check("application/openmetrics-text;q=0.3,text/plain;q=0.9", Exposition::Prometheus);
        check("application/openmetrics-text;q=0", Exposition::Prometheus);
    }
}
