//! Steps: what `cargo xtask test` runs one after the other, up to the first that fails.

use crate::run::{Failure, Result, Run, told};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// One line of the summary.
pub(crate) struct Step {
    /// Name for `--only`.
    pub(crate) name: &'static str,
    /// The statement that it proves when it passes.
    pub(crate) what: &'static str,
    /// The tasks, in order.
    pub(crate) tasks: Vec<Task>,
    /// It builds in directories of its own, and may run beside others.
    pub(crate) is_apart: bool,
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

impl Step {
    /// A step that has the target directory of the workspace to itself.
    pub(crate) fn new(name: &'static str, what: &'static str, tasks: Vec<Task>) -> Self {
        Self { name, what, tasks, is_apart: false }
    }

    /// A step that builds in directories of its own.
    pub(crate) fn apart(name: &'static str, what: &'static str, tasks: Vec<Task>) -> Self {
        Self { name, what, tasks, is_apart: true }
    }
}

/// A step that has been run: its time, and why it failed.
struct Ended<'s> {
    step: &'s Step,
    time: Duration,
    result: Result<()>,
}

impl Selection<'_> {
    /// Runs the selected steps up to the first that fails, then prints what happened to each. Those that build in directories of
    /// their own run beside the others, once the first ones have passed: compilers often leave a processor idle.
    pub(crate) fn run(&self, steps: &[Step]) -> Result<()> {
        let selected = self.select(steps)?;
        let first = selected.iter().position(|step| step.is_apart).unwrap_or(selected.len());
        let (first, rest) = selected.split_at(first);
        let (apart, others): (Vec<&Step>, Vec<&Step>) = rest.iter().partition(|step| step.is_apart);
        // A step builds this program again, and then there is another one where it was.
        let program = told("this program", std::env::current_exe())?;
        let has_failed = AtomicBool::new(false);
        let mut ended = in_turn(first, &has_failed, Step::run);
        if others.is_empty() {
            ended.extend(in_turn(&apart, &has_failed, Step::run));
        } else {
            std::thread::scope(|scope| {
                let beside = scope.spawn(|| in_turn(&apart, &has_failed, |step| step.run_beside(&program)));
                ended.extend(in_turn(&others, &has_failed, Step::run));
                ended.extend(beside.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            });
        }
        println!("{}", summary(&ended, selected.len() - ended.len()));
        ended.into_iter().find_map(|ended| Some((ended.step, ended.result.err()?))).map_or(Ok(()), |(step, failure)| {
            let alone = format!("run this step alone:  cargo xtask test --only {}", step.name);
            Err(Failure::new(format!("step `{}` failed: {failure}\n{alone}", step.name)))
        })
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

impl Step {
    fn run(&self) -> Result<()> {
        println!("\n=== {}: {}", self.name, self.what);
        self.tasks.iter().try_for_each(Task::run)
    }

    /// Runs it by this program once more, and prints what it said at its end.
    fn run_beside(&self, program: &Path) -> Result<()> {
        let run = Run::new(&program.to_string_lossy()).words("test --no-install --only").arg(self.name);
        let finished = run.finish()?;
        print!("{}{}", finished.stdout, finished.stderr);
        if finished.is_good { Ok(()) } else { Err(Failure::new("see above")) }
    }
}

/// Runs steps one after the other, until one of these or of those beside them fails.
fn in_turn<'s>(steps: &[&'s Step], has_failed: &AtomicBool, run: impl Fn(&Step) -> Result<()>) -> Vec<Ended<'s>> {
    let mut ended = Vec::new();
    for step in steps {
        if has_failed.load(Relaxed) {
            break;
        }
        let start = Instant::now();
        let result = run(step);
        let time = start.elapsed();
        let verdict = if result.is_ok() { "ok" } else { "FAILED" };
        println!("  {verdict}: {} ({})", step.name, seconds(time));
        has_failed.fetch_or(result.is_err(), Relaxed);
        ended.push(Ended { step, time, result });
    }
    ended
}

fn summary(ended: &[Ended<'_>], left: usize) -> String {
    let line = |Ended { step, time, result }: &Ended<'_>| {
        let verdict = if result.is_ok() { "ok" } else { "FAILED" };
        format!("  {verdict:<6} {:<10} {:>8}  {}", step.name, seconds(*time), step.what)
    };
    let failed = ended.iter().filter(|ended| ended.result.is_err()).count();
    let mut lines = vec![String::from("\n=== summary")];
    lines.extend(ended.iter().map(line));
    lines.push(format!("steps: {} passed, {failed} failed, {left} not run", ended.len() - failed));
    lines.join("\n")
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f32())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    fn step(name: &'static str, task: fn() -> Result<()>) -> Step {
        Step::new(name, "", vec![Task::Call(task)])
    }

    #[test]
    fn a_step_does_not_begin_once_one_beside_it_has_failed() {
        let steps = [step("other", || Ok(()))];
        assert!(in_turn(&[&steps[0]], &AtomicBool::new(true), Step::run).is_empty());
        assert_eq!(in_turn(&[&steps[0]], &AtomicBool::new(false), Step::run).len(), 1);
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
