//! Steps: what `cargo xtask test` runs one after the other, up to the first that fails.

use crate::run::{Failure, Result, Run};
use std::time::{Duration, Instant};

/// One line of the summary.
pub(crate) struct Step {
    /// Name for `--only`.
    pub(crate) name: &'static str,
    /// The statement that it proves when it passes.
    pub(crate) what: &'static str,
    /// The tasks, in order.
    pub(crate) tasks: Vec<Task>,
}

/// A part of a step.
pub(crate) enum Task {
    /// A program that has to succeed.
    Succeeds(Run),
    /// A program that has to fail and to say why.
    Refused(Run, &'static str),
    /// A function of this program.
    Call(fn() -> Result<()>),
}

/// The steps to run; all of them by default.
#[derive(Default)]
pub(crate) struct Selection<'a> {
    pub(crate) only: Option<&'a str>,
    pub(crate) from: Option<&'a str>,
}

impl Task {
    fn run(&self) -> Result<()> {
        match self {
            Self::Succeeds(run) => {
                println!("  $ {run}");
                run.succeed()
            }
            Self::Refused(run, reason) => {
                println!("  $ {run}   (has to be refused: \"{reason}\")");
                run.be_refused(reason)
            }
            Self::Call(function) => function(),
        }
    }
}

impl Selection<'_> {
    /// Runs the selected steps up to the first that fails, then prints what happened to each.
    pub(crate) fn run(&self, steps: &[Step]) -> Result<()> {
        let selected = self.select(steps)?;
        let mut passed = Vec::new();
        for (number, step) in selected.iter().enumerate() {
            println!("\n=== {} ({} of {}): {}", step.name, number + 1, selected.len(), step.what);
            let start = Instant::now();
            if let Err(failure) = step.tasks.iter().try_for_each(Task::run) {
                let left = selected.len() - passed.len() - 1;
                println!("{}", summary(&passed, Some((step, start.elapsed())), left));
                let alone = format!("run this step alone:  cargo xtask test --only {}", step.name);
                return Err(Failure::new(format!("step `{}` failed: {failure}\n{alone}", step.name)));
            }
            println!("  ok: {} ({})", step.name, seconds(start.elapsed()));
            passed.push((*step, start.elapsed()));
        }
        println!("{}", summary(&passed, None, 0));
        Ok(())
    }

    fn select<'s>(&self, steps: &'s [Step]) -> Result<Vec<&'s Step>> {
        let known = |name: &str| {
            if steps.iter().any(|step| step.name == name) {
                Ok(())
            } else {
                let names: Vec<_> = steps.iter().map(|step| step.name).collect();
                Err(Failure::new(format!("there is no step `{name}`; the steps are: {}", names.join(", "))))
            }
        };
        self.only.map_or(Ok(()), known)?;
        self.from.map_or(Ok(()), known)?;
        let from = steps.iter().position(|step| Some(step.name) == self.from).unwrap_or(0);
        let wanted = |step: &&Step| self.only.is_none_or(|name| name == step.name);
        Ok(steps.iter().skip(from).filter(wanted).collect())
    }
}

fn summary(passed: &[(&Step, Duration)], failed: Option<(&Step, Duration)>, left: usize) -> String {
    let mut lines = vec![String::from("\n=== summary")];
    let mut line = |verdict: &str, step: &Step, time: Duration| {
        lines.push(format!("  {verdict:<6} {:<10} {:>8}  {}", step.name, seconds(time), step.what));
    };
    for (step, time) in passed {
        line("ok", step, *time);
    }
    if let Some((step, time)) = failed {
        line("FAILED", step, time);
    }
    let total = passed.iter().map(|(_, time)| *time).sum::<Duration>();
    lines.push(format!("  total {} of passed steps; steps not run: {left}", seconds(total)));
    lines.push(format!("steps: {} passed, {} failed", passed.len(), usize::from(failed.is_some())));
    lines.join("\n")
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f32())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    fn step(name: &'static str, task: fn() -> Result<()>) -> Step {
        Step { name, what: "", tasks: vec![Task::Call(task)] }
    }

    #[test]
    fn the_first_failure_ends_the_run_and_names_the_command_to_repeat_it() {
        static AFTER: AtomicUsize = AtomicUsize::new(0);
        let steps = [
            step("good", || Ok(())),
            step("bad", || Err(Failure::new("broken"))),
            step("after", || {
                AFTER.fetch_add(1, Relaxed);
                Ok(())
            }),
        ];
        let error = Selection::default().run(&steps).unwrap_err().to_string();
        assert!(error.contains("step `bad` failed: broken") && error.contains("--only bad"), "{error}");
        assert_eq!(AFTER.load(Relaxed), 0);
        assert!(Selection { only: Some("after"), from: None }.run(&steps).is_ok());
        assert_eq!(AFTER.load(Relaxed), 1);
        assert!(Selection { only: None, from: Some("after") }.run(&steps).is_ok());
        assert!(Selection { only: Some("aftre"), from: None }.run(&steps).is_err());
    }
}
