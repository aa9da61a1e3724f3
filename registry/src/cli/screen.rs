//! [`Screen`]: the last lines of a terminal, written again and again.

use std::{
    env, fmt,
    io::{self, Write},
};

use anstream::{
    AutoStream, ColorChoice,
    adapter::strip_str,
    stream::{AsLockedWrite, RawStream},
};

/// The last lines of a terminal, which are written in the place of those before.
pub(super) struct Screen {
    terminal: Box<dyn Write>,
    size: fn() -> Size,
    is_styled: bool,
    /// How many lines stand there.
    lines: usize,
}

/// Rows and columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) rows: usize,
    pub(super) columns: usize,
}

impl Screen {
    /// That of `stream`; `None` when it is no terminal, or one that cannot move its cursor.
    pub(super) fn of<S: RawStream + AsLockedWrite + 'static>(stream: S, color: ColorChoice) -> Option<Self> {
        let is_able = stream.is_terminal() && env::var_os("TERM").is_none_or(|terminal| terminal != "dumb");
        let choice = if color == ColorChoice::Auto { AutoStream::choice(&stream) } else { color };
        is_able.then(|| Self {
            // Styles apart, which are not wanted everywhere, a screen is made of escape sequences.
            terminal: Box::new(AutoStream::always_ansi(stream)),
            size: size_of_terminal,
            is_styled: choice != ColorChoice::Never,
            lines: 0,
        })
    }

    /// One that a test looks at, without styles.
    #[cfg(test)]
    pub(super) fn fake(terminal: impl Write + 'static, size: fn() -> Size) -> Self {
        Self { terminal: Box::new(terminal), size, is_styled: false, lines: 0 }
    }

    /// Writes `lines` in the place of those before, as many and as much of each as there is room for.
    pub(super) fn draw(&mut self, lines: &[String]) -> io::Result<()> {
        let Size { rows, columns } = (self.size)();
        // The cursor is on a line of its own.
        let room = rows.saturating_sub(1).max(1);
        let mut shown: Vec<String> = lines.iter().take(room).map(|line| self.fitted(line, columns)).collect();
        if lines.len() > room {
            shown[room - 1] = format!("… and {} more", lines.len() - room + 1);
        }
        let body: String = shown.iter().map(|line| format!("{line}{CLEAR_TO_END_OF_LINE}\n")).collect();
        let text = format!("{WRAP_OFF}{}{body}{CLEAR_BELOW}{WRAP_ON}", self.to_first_line());
        self.lines = shown.len();
        self.write(&text)
    }

    /// Takes the lines away: what is written next stands in their place.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        if self.lines == 0 {
            return Ok(());
        }
        let text = format!("{}{CLEAR_BELOW}", self.to_first_line());
        self.lines = 0;
        self.write(&text)
    }

    /// Leaves the lines where they are: what is written next stands below them.
    pub(super) fn leave(&mut self) {
        self.lines = 0;
    }

    fn to_first_line(&self) -> String {
        if self.lines == 0 { "\r".to_owned() } else { format!("\r\x1b[{}A", self.lines) }
    }

    fn fitted(&self, line: &str, columns: usize) -> String {
        let line = if self.is_styled { line.to_owned() } else { strip_str(line).to_string() };
        cropped(&line, columns)
    }

    /// In one go, so that nobody sees half of it.
    fn write(&mut self, text: &str) -> io::Result<()> {
        self.terminal.write_all(text.as_bytes())?;
        self.terminal.flush()
    }
}

impl fmt::Debug for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { terminal: _, size: _, is_styled, lines } = self;
        f.debug_struct("Screen").field("is_styled", is_styled).field("lines", lines).finish_non_exhaustive()
    }
}

fn size_of_terminal() -> Size {
    let (columns, rows) = terminal_size::terminal_size().map_or((0, 0), |(width, height)| (width.0, height.0));
    // Some terminals do not know, and say zero.
    let known = |size: u16, default| if size == 0 { default } else { usize::from(size) };
    Size { rows: known(rows, 24), columns: known(columns, 80) }
}

/// The beginning of a line that is wider than `columns`; styles have no width. The terminal itself keeps characters that
/// are two columns wide from running over.
fn cropped(line: &str, columns: usize) -> String {
    if strip_str(line).to_string().chars().count() <= columns {
        return line.to_owned();
    }
    let (mut out, mut width, mut is_style) = (String::new(), 0, false);
    for character in line.chars() {
        is_style |= character == '\x1b';
        width += usize::from(!is_style);
        // Styles that come later are kept: one of them is the reset.
        match width {
            _ if is_style => out.push(character),
            _ if width < columns => out.push(character),
            _ if width == columns => out.push('…'),
            _ => {}
        }
        is_style &= character != 'm';
    }
    out
}

// A line that is too long is cut by the terminal, and so takes one row whatever its characters are.
const WRAP_OFF: &str = "\x1b[?7l";
const WRAP_ON: &str = "\x1b[?7h";
const CLEAR_TO_END_OF_LINE: &str = "\x1b[K";
const CLEAR_BELOW: &str = "\x1b[J";

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A terminal that remembers what is written, and obeys the sequences that a screen uses.
    #[derive(Clone, Default)]
    struct Terminal(Arc<Mutex<Vec<u8>>>);

    impl Write for Terminal {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Terminal {
        fn screen(&self, is_styled: bool) -> Screen {
            let screen = Screen::fake(self.clone(), || Size { rows: 5, columns: 10 });
            Screen { is_styled, ..screen }
        }

        /// The lines that a person sees.
        fn seen(&self) -> Vec<String> {
            let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
            let (mut rows, mut at, mut column, mut rest) = (vec![Vec::new()], 0, 0, &*text);
            while let Some(character) = rest.chars().next() {
                rest = &rest[character.len_utf8()..];
                match character {
                    '\n' => (at, column) = (at + 1, 0),
                    '\r' => column = 0,
                    '\x1b' => {
                        let end = rest.find(|c: char| c.is_ascii_alphabetic()).unwrap();
                        match &rest[1..=end] {
                            "?7l" | "?7h" => {}
                            "K" => rows[at].truncate(column),
                            "J" => {
                                rows[at].truncate(column);
                                rows.truncate(at + 1);
                            }
                            up => at -= up.strip_suffix('A').unwrap().parse::<usize>().unwrap(),
                        }
                        rest = &rest[end + 1..];
                    }
                    _ => {
                        rows[at].truncate(column);
                        rows[at].push(character);
                        column += 1;
                    }
                }
                rows.resize(rows.len().max(at + 1), Vec::new());
            }
            while rows.last().is_some_and(Vec::is_empty) {
                rows.pop();
            }
            rows.into_iter().map(String::from_iter).collect()
        }
    }

    fn lines(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn lines_take_the_place_of_those_before() {
        let terminal = Terminal::default();
        let mut screen = terminal.screen(true);
        for (drawn, seen) in
            [(&["a", "b"][..], &["a", "b"][..]), (&["c", "d", "e"], &["c", "d", "e"]), (&["f"], &["f"])]
        {
            screen.draw(&lines(drawn)).unwrap();
            assert_eq!(terminal.seen(), seen);
        }
        screen.clear().unwrap();
        assert_eq!(terminal.seen(), [""; 0]);
    }

    #[test]
    fn lines_that_are_left_stay_above_what_comes_next() {
        let terminal = Terminal::default();
        let mut screen = terminal.screen(true);
        screen.draw(&lines(&["a"])).unwrap();
        screen.leave();
        screen.draw(&lines(&["b"])).unwrap();
        assert_eq!(terminal.seen(), ["a", "b"]);
    }

    #[test]
    fn what_has_no_room_is_cut() {
        let terminal = Terminal::default();
        terminal.screen(true).draw(&lines(&["1", "2", "3", "4", "5", "6"])).unwrap();
        assert_eq!(terminal.seen(), ["1", "2", "3", "… and 3 more"]);
        for (line, expected) in [
            ("0123456789", "0123456789"),
            ("0123456789a", "012345678…"),
            ("\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m"),
            ("\x1b[31m0123456789a\x1b[0m", "\x1b[31m012345678…\x1b[0m"),
            ("äöüäöüäöüäöü", "äöüäöüäöü…"),
        ] {
            assert_eq!(cropped(line, 10), expected, "{line:?}");
        }
    }

    #[test]
    fn styles_are_left_out_where_they_are_not_wanted() {
        let terminal = Terminal::default();
        terminal.screen(false).draw(&lines(&["\x1b[31mred\x1b[0m"])).unwrap();
        assert_eq!(terminal.seen(), ["red"]);
    }
}
