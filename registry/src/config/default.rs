//! The defaults of fields, as far as they are plain and may be shown.

use std::{
    num::{
        NonZeroI8, NonZeroI16, NonZeroI32, NonZeroI64, NonZeroIsize, NonZeroU8, NonZeroU16, NonZeroU32, NonZeroU64,
        NonZeroUsize,
    },
    path::PathBuf,
    time::Duration,
};

/// What the fields of a type are when they are not given.
#[derive(Debug, Default)]
pub struct Defaults(Vec<(&'static str, DefaultValue)>);

impl Defaults {
    /// Notes the default of a key; nothing when it is not shown.
    pub fn add(&mut self, key: &'static str, default: Option<DefaultValue>) {
        self.0.extend(default.map(|default| (key, default)));
    }

    /// The default of a key.
    pub fn get(&self, key: &str) -> Option<&DefaultValue> {
        self.0.iter().find(|(name, _)| *name == key).map(|(_, default)| default)
    }
}

/// A default as it would be written in a configuration.
#[derive(Clone, Debug, PartialEq)]
pub enum DefaultValue {
    /// A whole number.
    Integer(i128),
    /// Any other number.
    Number(f64),
    /// `true` or `false`.
    Boolean(bool),
    /// A text; a duration, too.
    Text(String),
}

/// A default that may be of any type. What [`shown`](Self::shown) gives is decided by the type: the method here goes before
/// that of [`AnyDefault`], which there is for all types.
#[derive(Debug)]
pub struct DefaultOf<'a, T>(pub &'a T);

impl<T: PlainDefault> DefaultOf<'_, T> {
    /// The default of a plain type.
    pub fn shown(&self) -> Option<DefaultValue> {
        self.0.shown()
    }
}

/// Any default: not shown.
pub trait AnyDefault {
    /// Nothing.
    fn shown(&self) -> Option<DefaultValue> {
        None
    }
}

impl<T> AnyDefault for DefaultOf<'_, T> {}

/// A type whose values can be written down and hide nothing.
pub trait PlainDefault {
    /// The value as it would be written.
    fn shown(&self) -> Option<DefaultValue>;
}

macro_rules! integers {
    ($($plain:ty)*; $($nonzero:ty)*) => {
        $(impl PlainDefault for $plain {
            fn shown(&self) -> Option<DefaultValue> {
                i128::try_from(*self).ok().map(DefaultValue::Integer)
            }
        })*
        $(impl PlainDefault for $nonzero {
            fn shown(&self) -> Option<DefaultValue> {
                self.get().shown()
            }
        })*
    };
}

integers! {
    u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize;
    NonZeroU8 NonZeroU16 NonZeroU32 NonZeroU64 NonZeroUsize NonZeroI8 NonZeroI16 NonZeroI32 NonZeroI64 NonZeroIsize
}

impl PlainDefault for f64 {
    fn shown(&self) -> Option<DefaultValue> {
        self.is_finite().then_some(DefaultValue::Number(*self))
    }
}

impl PlainDefault for f32 {
    fn shown(&self) -> Option<DefaultValue> {
        f64::from(*self).shown()
    }
}

impl PlainDefault for bool {
    fn shown(&self) -> Option<DefaultValue> {
        Some(DefaultValue::Boolean(*self))
    }
}

impl PlainDefault for Duration {
    fn shown(&self) -> Option<DefaultValue> {
        Some(DefaultValue::Text(written(*self)))
    }
}

impl PlainDefault for String {
    /// Not a text that may be the address of somebody with a password.
    fn shown(&self) -> Option<DefaultValue> {
        (!self.contains('@')).then(|| DefaultValue::Text(self.clone()))
    }
}

impl PlainDefault for PathBuf {
    fn shown(&self) -> Option<DefaultValue> {
        self.to_str().map(str::to_owned)?.shown()
    }
}

impl<T: PlainDefault> PlainDefault for Option<T> {
    fn shown(&self) -> Option<DefaultValue> {
        self.as_ref()?.shown()
    }
}

/// Of a type none of whose fields has a default that may be shown.
pub fn no_defaults(_: &mut Defaults) {}

/// A duration such as `1h 30m`, in units of fixed length.
fn written(duration: Duration) -> String {
    let mut rest = duration.as_nanos();
    let mut parts = Vec::new();
    for (unit, nanoseconds) in UNITS {
        let count = rest / nanoseconds;
        rest %= nanoseconds;
        parts.extend((count > 0).then(|| format!("{count}{unit}")));
    }
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}

const UNITS: [(&str, u128); 6] =
    [("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1000), ("ns", 1)];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check<T: PlainDefault>(default: &T, expected: DefaultValue) {
        assert_eq!(DefaultOf(default).shown(), Some(expected));
    }

    #[test]
    fn plain_defaults_are_written_as_in_a_configuration() {
        let text = |text: &str| DefaultValue::Text(text.to_owned());
        check(&8_u16, DefaultValue::Integer(8));
        check(&NonZeroU32::MIN, DefaultValue::Integer(1));
        check(&-1_isize, DefaultValue::Integer(-1));
        check(&1.5_f32, DefaultValue::Number(1.5));
        check(&true, DefaultValue::Boolean(true));
        check(&"guest".to_owned(), text("guest"));
        check(&PathBuf::from("/tmp"), text("/tmp"));
        check(&Some(5_u8), DefaultValue::Integer(5));
    }

    #[test]
    fn what_cannot_be_written_or_may_be_a_login_is_not_shown() {
        assert_eq!(DefaultOf(&None::<u8>).shown(), None);
        assert_eq!(DefaultOf(&f64::NAN).shown(), None);
        assert_eq!(DefaultOf(&"db://app:hunter2@host".to_owned()).shown(), None);
    }

    #[test]
    fn durations_are_written_so_that_they_are_read_again() {
        for (seconds, nanoseconds, expected) in [
            (0, 0, "0s"),
            (10, 0, "10s"),
            (600, 0, "10m"),
            (5400, 0, "1h 30m"),
            (90_000, 0, "25h"),
            (1, 20_000_003, "1s 20ms 3ns"),
        ] {
            let duration = Duration::new(seconds, nanoseconds);
            assert_eq!(written(duration), expected);
            assert_eq!(super::super::decode::parse_duration(expected), Some(duration));
        }
    }

    #[test]
    fn what_is_not_plain_has_no_default_to_show() {
        struct Own;
        assert_eq!(DefaultOf(&Own).shown(), None);
        assert_eq!(DefaultOf(&crate::Secret::new("c4nary")).shown(), None);
        assert_eq!(DefaultOf(&vec![1_u8]).shown(), None);
    }
}
