//! Scripts: what each call of a fake does.

use serde::Deserialize;

/// What a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Step {
    Ok,
    /// Fails, and may succeed later.
    Error,
    /// Fails, and says that trying again cannot help.
    Permanent,
    /// Waits for the duration `slow`, and succeeds.
    Slow,
    Never,
    Panic,
    /// Blocks its thread for the duration `block`, and succeeds.
    Block,
    /// One of the others.
    Random,
    /// For an update alone.
    #[serde(skip)]
    Rebuild,
}

/// What an update does: as any other call, and it may ask for a new client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum UpdateStep {
    Ok,
    Rebuild,
    Error,
    Permanent,
    Slow,
    Never,
    Panic,
    Block,
    Random,
}

impl From<UpdateStep> for Step {
    fn from(step: UpdateStep) -> Self {
        match step {
            UpdateStep::Ok => Self::Ok,
            UpdateStep::Rebuild => Self::Rebuild,
            UpdateStep::Error => Self::Error,
            UpdateStep::Permanent => Self::Permanent,
            UpdateStep::Slow => Self::Slow,
            UpdateStep::Never => Self::Never,
            UpdateStep::Panic => Self::Panic,
            UpdateStep::Block => Self::Block,
            UpdateStep::Random => Self::Random,
        }
    }
}

/// Which method of a connection is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Operation {
    Connect,
    Check,
    Update,
    Disconnect,
}

impl Operation {
    /// As it stands in an error.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Check => "check",
            Self::Update => "update",
            Self::Disconnect => "disconnect",
        }
    }
}

/// Which call it is: the same call of the same seed always takes the same random step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    pub(super) connection: &'a str,
    pub(super) operation: Operation,
    /// From 0, in its script.
    pub(super) number: u64,
}

impl Call<'_> {
    /// A step by the weights of [`WEIGHTS`].
    pub(super) fn random_step(self, seed: u64) -> Step {
        let parts = [&seed.to_le_bytes(), self.connection.as_bytes(), self.operation.name().as_bytes()];
        let bytes = parts.into_iter().flatten().chain(self.number.to_le_bytes().iter()).copied().collect::<Vec<u8>>();
        let mut at = fastrand::Rng::with_seed(hash(&bytes)).u32(0..WEIGHTS.iter().map(|(_, weight)| weight).sum());
        for (step, weight) in WEIGHTS {
            match at.checked_sub(weight) {
                Some(rest) => at = rest,
                None => return step,
            }
        }
        unreachable!("the number is below the sum of all weights")
    }
}

/// Fowler, Noll and Vo's, since the standard one differs between programs.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// How often a random step is which, of 16 times. The documentation of the types repeats it.
const WEIGHTS: [(Step, u32); 7] = [
    (Step::Ok, 8),
    (Step::Error, 2),
    (Step::Slow, 2),
    (Step::Permanent, 1),
    (Step::Never, 1),
    (Step::Panic, 1),
    (Step::Block, 1),
];

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn steps(connection: &str, seed: u64) -> Vec<Step> {
        let call = |number| Call { connection, operation: Operation::Connect, number };
        (0..1600).map(|number| call(number).random_step(seed)).collect()
    }

    #[test]
    fn random_steps_follow_seed_and_name() {
        assert_eq!(steps("a", 1), steps("a", 1));
        assert_ne!(steps("a", 1), steps("a", 2));
        assert_ne!(steps("a", 1), steps("b", 1));
    }

    #[test]
    fn random_steps_are_as_frequent_as_their_weights() {
        let mut counts: HashMap<Step, u32> = HashMap::new();
        for step in steps("a", 7) {
            *counts.entry(step).or_default() += 1;
        }
        for (step, weight) in WEIGHTS {
            let expected = weight * 100;
            assert!(counts[&step].abs_diff(expected) < expected / 2, "{step:?}: {} of {expected}", counts[&step]);
        }
    }
}
