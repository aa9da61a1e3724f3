//! What a connection type costs to build: crates full of annotated structs, beside the same structs registered by hand
//! and by `typetag`. Prints the processor seconds of building such a crate alone, and the bytes each type adds.
//!
//! `cargo run --release -p connection-registry-benches --bin macro_cost -- --types 300 --rounds 3`

use connection_registry::BoxError;

mod build;
mod sources;
mod workspace;

use build::Profile;
use sources::Variant;
use workspace::Workspace;

fn main() -> Result<(), BoxError> {
    let arguments = Arguments::parse(std::env::args().skip(1))?;
    let workspace = Workspace::write(arguments.types)?;
    for profile in [Profile::Dev, Profile::Release] {
        let rows = measure(&workspace, profile, &arguments)?;
        print(profile, arguments.types, &rows);
    }
    Ok(())
}

/// How much is measured.
struct Arguments {
    types: usize,
    rounds: usize,
}

impl Arguments {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, BoxError> {
        let mut arguments = Self { types: 300, rounds: 3 };
        while let Some(word) = words.next() {
            let number = match word.as_str() {
                "--types" => &mut arguments.types,
                "--rounds" => &mut arguments.rounds,
                _ => return Err(format!("unknown argument `{word}`: there are `--types N` and `--rounds N`").into()),
            };
            *number = words.next().ok_or_else(|| format!("`{word}` needs a number"))?.parse()?;
        }
        Ok(arguments)
    }
}

/// What one way of registering costs.
struct Row {
    variant: Variant,
    seconds: f64,
    bytes_per_type: f64,
}

/// Builds the crates in turn, so that a noisy machine hurts all alike, and keeps the best time of each.
fn measure(workspace: &Workspace, profile: Profile, arguments: &Arguments) -> Result<Vec<Row>, BoxError> {
    let mut rows = Vec::new();
    for variant in Variant::ALL {
        // This builds all that the full package depends on, too.
        workspace.build(&variant.empty_package(), profile)?;
        rows.push(Row { variant, seconds: f64::INFINITY, bytes_per_type: 0.0 });
    }
    for _ in 0..arguments.rounds {
        for row in &mut rows {
            let seconds = workspace.build_seconds(&row.variant.package(), profile)?;
            row.seconds = row.seconds.min(seconds);
        }
    }
    for row in &mut rows {
        let full = workspace.stripped_size(&row.variant.package(), profile)?;
        let empty = workspace.stripped_size(&row.variant.empty_package(), profile)?;
        row.bytes_per_type = (full as f64 - empty as f64) / arguments.types as f64;
    }
    Ok(rows)
}

#[allow(clippy::print_stdout)]
fn print(profile: Profile, types: usize, rows: &[Row]) {
    let find = |variant| rows.iter().find(|row| row.variant == variant).expect("every variant is measured");
    let (by_hand, typetag) = (find(Variant::ByHand), find(Variant::Typetag));
    println!("\n{}, {types} types of 10 fields", profile.name());
    println!(
        "  {:<10} {:>8} {:>12} {:>10}   {:>12} {:>12} {:>10}",
        "", "CPU s", "to by hand", "to typetag", "bytes/type", "to by hand", "to typetag"
    );
    for row in rows {
        println!(
            "  {:<10} {:>8.2} {:>11.2}x {:>9.2}x   {:>12.0} {:>11.2}x {:>9.2}x",
            row.variant.name(),
            row.seconds,
            row.seconds / by_hand.seconds,
            row.seconds / typetag.seconds,
            row.bytes_per_type,
            row.bytes_per_type / by_hand.bytes_per_type,
            row.bytes_per_type / typetag.bytes_per_type,
        );
    }
}
