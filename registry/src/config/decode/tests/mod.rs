//! The decode pass as its callers see it.

mod fixture;
mod made_up;
mod problems;
mod property;
mod secrets;
mod values;
