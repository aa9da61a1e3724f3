//! Aligned columns.

use std::{
    array,
    io::{self, Write},
};

use anstyle::Style;

/// Writes rows below a header, each column as wide as its widest cell; nothing at all when there are no rows. Cells are
/// texts without styles, which have no width.
pub(super) fn write_table<const N: usize>(
    out: &mut dyn Write,
    header: [&str; N],
    rows: &[[String; N]],
) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let header = header.map(str::to_owned);
    let widths = widths(&rows.iter().chain([&header]).collect::<Vec<_>>());
    writeln!(out, "{BOLD}{}{BOLD:#}", line(&header, widths))?;
    write_rows(out, rows, widths)
}

/// Writes rows whose columns are so wide.
pub(super) fn write_rows<const N: usize>(
    out: &mut dyn Write,
    rows: &[[String; N]],
    widths: [usize; N],
) -> io::Result<()> {
    rows.iter().try_for_each(|row| writeln!(out, "{}", line(row, widths)))
}

/// The width of the widest cell of each column.
pub(super) fn widths<const N: usize>(rows: &[&[String; N]]) -> [usize; N] {
    rows.iter().fold([0; N], |widths, row| array::from_fn(|at| width(&row[at]).max(widths[at])))
}

fn line<const N: usize>(row: &[String; N], widths: [usize; N]) -> String {
    let cells = row.iter().zip(widths).map(|(cell, widest)| format!("{cell}{}", " ".repeat(widest - width(cell))));
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

fn width(text: &str) -> usize {
    text.chars().count()
}

const BOLD: Style = Style::new().bold();

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rows: &[[&str; 2]], expected: &str) {
        let rows: Vec<_> = rows.iter().map(|row| row.map(str::to_owned)).collect();
        let mut out = anstream::StripStream::new(Vec::new());
        write_table(&mut out, ["name", "type"], &rows).unwrap();
        assert_eq!(String::from_utf8(out.into_inner()).unwrap(), expected);
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        check(&[["a", "postgres"], ["päron", ""]], "name   type\na      postgres\npäron\n");
        check(&[], "");
    }
}
