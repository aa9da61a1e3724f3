//! What a scalar without quotes means to PyYAML, which goes by YAML 1.1: `yes` is true, `010` is eight, and `1:30` is
//! ninety. OmegaConf, by which the Python library reads its files, adds floats such as `1e3` and leaves dates as text.

use toml_edit::Datetime;

use super::node::NodeKind;

/// The value of a scalar without quotes and without a tag; `None` for one that is text.
pub(super) fn implicit(text: &str) -> Option<NodeKind> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Some(NodeKind::Null),
        _ => boolean(text).map(NodeKind::Boolean).or_else(|| number(text)),
    }
}

/// The value of a scalar with one of YAML's own tags, such as `!!int`; `None` when the text is none.
pub(super) fn tagged(tag: &str, text: &str) -> Option<NodeKind> {
    match tag {
        "null" => Some(NodeKind::Null),
        "bool" => boolean(text).map(NodeKind::Boolean),
        "int" => integer(text).map(NodeKind::Integer),
        "float" => float(text).or_else(|| text.parse().ok()).map(NodeKind::Float),
        "timestamp" => text.trim().parse::<Datetime>().ok().map(NodeKind::Datetime),
        _ => None,
    }
}

fn boolean(text: &str) -> Option<bool> {
    let lower = text.to_ascii_lowercase();
    let is_regular = text == lower || text == text.to_ascii_uppercase() || is_capitalized(text, &lower);
    match lower.as_str() {
        _ if !is_regular => None,
        "yes" | "true" | "on" => Some(true),
        "no" | "false" | "off" => Some(false),
        _ => None,
    }
}

/// `Yes`, but not `yEs`.
fn is_capitalized(text: &str, lower: &str) -> bool {
    text.get(1..) == lower.get(1..) && text.starts_with(|first: char| first.is_ascii_uppercase())
}

fn number(text: &str) -> Option<NodeKind> {
    if !text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first)) {
        return None;
    }
    // A number that no integer here can hold stays what it is: a message says so later.
    integer(text).map(NodeKind::Integer).or_else(|| float(text).map(NodeKind::Float))
}

fn integer(text: &str) -> Option<i128> {
    let (is_negative, digits) = sign(text);
    let plain: String = digits.chars().filter(|&digit| digit != '_').collect();
    let value = if let Some(binary) = digits.strip_prefix("0b") {
        radix(binary, 2)
    } else if let Some(hexadecimal) = digits.strip_prefix("0x") {
        radix(hexadecimal, 16)
    } else if digits.contains(':') {
        sexagesimal(digits)
    } else if digits.starts_with('0') && digits.len() > 1 {
        radix(&digits[1..], 8)
    } else if digits.starts_with(|first: char| first.is_ascii_digit()) && is_made_of(digits, "0123456789_") {
        Some(plain.parse().unwrap_or(i128::MAX))
    } else {
        None
    }?;
    Some(if is_negative { -value } else { value })
}

/// Digits of one base, `_` between them; more than fit are the largest number.
fn radix(digits: &str, radix: u32) -> Option<i128> {
    let is_digit = |digit: char| digit == '_' || digit.is_digit(radix);
    if digits.is_empty() || !digits.chars().all(is_digit) {
        return None;
    }
    let plain: String = digits.chars().filter(|&digit| digit != '_').collect();
    // PyYAML takes `0_` for zero, and fails at `0x_`.
    match plain.as_str() {
        "" => (radix == 8).then_some(0),
        plain => Some(i128::from_str_radix(plain, radix).unwrap_or(i128::MAX)),
    }
}

/// `1:30` is ninety: parts of base sixty, the first of any size.
fn sexagesimal(digits: &str) -> Option<i128> {
    let mut parts = digits.split(':');
    let first = parts.next().filter(|first| first.starts_with(|c: char| ('1'..='9').contains(&c)))?;
    if !is_made_of(first, "0123456789_") {
        return None;
    }
    let start: i128 = first.replace('_', "").parse().ok()?;
    parts.try_fold(start, |sum, part| {
        is_sixtieth(part).then(|| sum.saturating_mul(60).saturating_add(part.parse().unwrap_or(0)))
    })
}

fn is_sixtieth(part: &str) -> bool {
    match part.as_bytes() {
        [digit] => digit.is_ascii_digit(),
        [tens, digit] => (b'0'..=b'5').contains(tens) && digit.is_ascii_digit(),
        _ => false,
    }
}

fn float(text: &str) -> Option<f64> {
    match text {
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Some(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Some(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => return Some(f64::NAN),
        _ => {}
    }
    let (is_negative, digits) = sign(text);
    let value = if digits.contains(':') { sexagesimal_float(digits)? } else { decimal(text, digits)? };
    Some(if is_negative { -value } else { value })
}

fn decimal(text: &str, digits: &str) -> Option<f64> {
    let (mantissa, exponent) = match digits.find(['e', 'E']) {
        Some(at) => (&digits[..at], Some(&digits[at + 1..])),
        None => (digits, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let has_sign = text.len() > digits.len();
    let is_number = match fraction {
        Some(fraction) if whole.is_empty() => !has_sign && is_grouped(fraction) && exponent.is_none_or(is_signed),
        Some(fraction) => {
            is_grouped(whole)
                && is_made_of(fraction, "0123456789_")
                && exponent
                    .is_none_or(|exponent| is_signed(exponent) || is_digits(exponent) && !has_loose_underscore(whole))
        }
        None => is_grouped(whole) && !has_loose_underscore(whole) && exponent.is_some_and(is_exponent),
    };
    is_number.then(|| digits.replace('_', "").parse().ok()).flatten()
}

/// Digits with `_` among them.
fn is_grouped(digits: &str) -> bool {
    digits.starts_with(|first: char| first.is_ascii_digit()) && is_made_of(digits, "0123456789_")
}

/// Whether a `_` has no digit on its right, or another one.
fn has_loose_underscore(digits: &str) -> bool {
    digits.ends_with('_') || digits.contains("__")
}

fn is_exponent(exponent: &str) -> bool {
    is_signed(exponent) || is_digits(exponent)
}

fn is_signed(exponent: &str) -> bool {
    exponent.strip_prefix(['+', '-']).is_some_and(is_digits)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && is_made_of(text, "0123456789")
}

/// `1:30.5`.
fn sexagesimal_float(digits: &str) -> Option<f64> {
    let (whole, fraction) = digits.split_once('.')?;
    let mut parts = whole.split(':');
    let first = parts.next().filter(|first| first.starts_with(|c: char| c.is_ascii_digit()))?;
    if !is_made_of(first, "0123456789_") || !is_made_of(fraction, "0123456789_") {
        return None;
    }
    let start: f64 = first.replace('_', "").parse().ok()?;
    let whole = parts.try_fold(start, |sum, part| {
        Some(sum * 60.0 + f64::from(is_sixtieth(part).then(|| part.parse::<u8>().ok())??))
    })?;
    let fraction: f64 = format!("0.{}0", fraction.replace('_', "")).parse().ok()?;
    Some(whole + fraction)
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

fn is_made_of(text: &str, characters: &str) -> bool {
    text.chars().all(|character| characters.contains(character))
}
