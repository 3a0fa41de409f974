//! The table: what was tried, and whether it went as it should.

use crate::rows::{self, Row};
use crate::world::World;
use std::time::Instant;

/// Runs the rows that contain one of `words`, or all; prints them; `true` if none is wrong.
pub(crate) fn run(world: &World, words: &[String]) -> bool {
    let rows = rows::all().into_iter().filter(|row| wanted(row, words));
    let (mut right, mut wrong) = (0, 0);
    for row in rows {
        let start = Instant::now();
        let outcome = (row.run)(world);
        let seconds = start.elapsed().as_secs_f32();
        match outcome {
            Ok(()) => {
                right += 1;
                println!("  ok      {:<12} {:<60} {seconds:5.1} s", row.machine, row.name);
            }
            Err(problem) => {
                wrong += 1;
                println!("  WRONG   {:<12} {:<60} {seconds:5.1} s\n{}", row.machine, row.name, indented(&problem));
            }
        }
    }
    println!("emulated: {right} rows are right, {wrong} are wrong");
    wrong == 0 && right > 0
}

fn wanted(row: &Row, words: &[String]) -> bool {
    let title = format!("{} {}", row.machine, row.name);
    words.is_empty() || words.iter().any(|word| title.contains(word.as_str()))
}

fn indented(text: &str) -> String {
    text.lines().map(|line| ["          ", line].concat()).collect::<Vec<_>>().join("\n")
}
