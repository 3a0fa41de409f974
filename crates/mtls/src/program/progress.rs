//! Lines of progress for what takes over a second. They are written to standard error if that is a terminal, and removed at the end.

use core::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// The time after which a line is drawn again.
const TICK: Duration = Duration::from_millis(100);

/// Shows how many of `of` are done; `what` names them.
pub(super) fn count(what: &'static str, of: usize) -> ProgressBar {
    let bar = ProgressBar::new(of.try_into().unwrap_or(u64::MAX)).with_message(what);
    styled(bar, "{bar:30} {pos} of {len} {msg}")
}

/// Shows a message and the time since then, where nobody knows how long it takes.
pub(super) fn wait(message: impl Into<String>) -> ProgressBar {
    styled(ProgressBar::new_spinner().with_message(message.into()), "{spinner} {msg}, {elapsed}")
}

fn styled(bar: ProgressBar, template: &str) -> ProgressBar {
    // The tests draw each template.
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = bar.with_style(style);
    bar.enable_steady_tick(TICK);
    bar
}

#[cfg(test)]
mod tests {
    use super::*;
    use indicatif::{ProgressDrawTarget, TermLike};
    use std::io;
    use std::sync::{Arc, Mutex};

    /// A terminal that keeps its last line.
    #[derive(Clone, Debug, Default)]
    struct Terminal(Arc<Mutex<String>>);

    impl TermLike for Terminal {
        fn width(&self) -> u16 {
            80
        }
        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn write_line(&self, text: &str) -> io::Result<()> {
            self.write_str(text)
        }
        fn write_str(&self, text: &str) -> io::Result<()> {
            self.0.lock().unwrap().push_str(text);
            Ok(())
        }
        fn clear_line(&self) -> io::Result<()> {
            self.0.lock().unwrap().clear();
            Ok(())
        }
        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Returns what a line shows, and what is left of it.
    fn shown(bar: &ProgressBar) -> (String, String) {
        let terminal = Terminal::default();
        bar.disable_steady_tick();
        bar.set_draw_target(ProgressDrawTarget::term_like(Box::new(terminal.clone())));
        bar.force_draw();
        let during = terminal.0.lock().unwrap().trim_end().to_owned();
        bar.finish_and_clear();
        let after = terminal.0.lock().unwrap().clone();
        (during, after)
    }

    #[test]
    fn a_line_shows_the_progress_and_is_removed() {
        let bar = count("servers checked", 9);
        bar.set_position(3);
        let (during, after) = shown(&bar);
        assert!(during.ends_with(" 3 of 9 servers checked"), "{during}");
        assert_eq!(after, "");
        let (during, after) = shown(&wait("waiting for the device"));
        assert!(during.ends_with(" waiting for the device, 0s"), "{during}");
        assert_eq!(after, "");
    }
}
