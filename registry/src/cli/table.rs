//! Aligned columns.

use std::io::{self, Write};

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
    let width = |at: usize| rows.iter().map(|row| width(&row[at])).fold(width(header[at]), usize::max);
    let widths: [usize; N] = std::array::from_fn(width);
    writeln!(out, "{HEADER}{}{HEADER:#}", line(&header.map(str::to_owned), &widths))?;
    rows.iter().try_for_each(|row| writeln!(out, "{}", line(row, &widths)))
}

fn line<const N: usize>(row: &[String; N], widths: &[usize; N]) -> String {
    let cells = row.iter().zip(widths).map(|(cell, widest)| format!("{cell}{}", " ".repeat(widest - width(cell))));
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

fn width(text: &str) -> usize {
    text.chars().count()
}

const HEADER: Style = Style::new().bold();

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
