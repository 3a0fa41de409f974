//! Tasks in simulated time. The clock moves only when no task can run, so a simulated day takes as long as its work.

use core::cell::{Cell, RefCell};
use core::cmp::{Ordering, Reverse};
use core::future::poll_fn;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::collections::{BinaryHeap, VecDeque};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Wake;

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// The clock and the tasks of a simulation.
#[derive(Clone, Default)]
pub struct World(Rc<Inner>);

#[derive(Default)]
struct Inner {
    now: Cell<Duration>,
    alarms: RefCell<BinaryHeap<Reverse<Alarm>>>,
    set: Cell<u64>,
    spawned: RefCell<Vec<Task>>,
}

/// Wakes a task at a time; those of one time in the order in which they were set.
struct Alarm {
    time: Duration,
    number: u64,
    waker: Waker,
}

impl Alarm {
    const fn key(&self) -> (Duration, u64) {
        (self.time, self.number)
    }
}

impl PartialEq for Alarm {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Alarm {}

impl PartialOrd for Alarm {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Alarm {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

/// The tasks that can run, in the order in which they were woken.
#[derive(Default)]
struct Ready(Mutex<VecDeque<usize>>);

impl Ready {
    fn push(&self, task: usize) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(task);
    }

    fn pop(&self) -> Option<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

struct TaskWaker {
    task: usize,
    ready: Arc<Ready>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.ready.push(self.task);
    }
}

impl World {
    /// Creates a world at time zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the simulated time since the start.
    pub fn now(&self) -> Duration {
        self.0.now.get()
    }

    /// Adds a task.
    pub fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        self.0.spawned.borrow_mut().push(Box::pin(task));
    }

    /// Wakes a task at `time`.
    pub fn wake_at(&self, time: Duration, waker: &Waker) {
        let number = self.0.set.get();
        self.0.set.set(number + 1);
        self.0.alarms.borrow_mut().push(Reverse(Alarm { time, number, waker: waker.clone() }));
    }

    /// Waits until `time`.
    pub async fn until(&self, time: Duration) {
        let mut is_set = false;
        poll_fn(|context| {
            if self.now() >= time {
                return Poll::Ready(());
            }
            if !core::mem::replace(&mut is_set, true) {
                self.wake_at(time, context.waker());
            }
            Poll::Pending
        })
        .await;
    }

    /// Waits for `pause`.
    pub async fn sleep(&self, pause: Duration) {
        self.until(self.now() + pause).await;
    }

    /// Runs `future` until `end`; `None` if it is not done by then. It is dropped in any case.
    pub async fn before<F: Future>(&self, end: Duration, future: F) -> Option<F::Output> {
        let (mut future, mut alarm) = (pin!(future), pin!(self.until(end)));
        poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => alarm.as_mut().poll(context).map(|()| None),
        })
        .await
    }

    /// Runs all tasks until `end`, or until none is left that waits for a time before it.
    pub fn run(&self, end: Duration) {
        let ready = Arc::new(Ready::default());
        let mut tasks: Vec<Option<Task>> = Vec::new();
        let mut free = Vec::new();
        loop {
            for task in self.0.spawned.take() {
                let place = free.pop().unwrap_or_else(|| {
                    tasks.push(None);
                    tasks.len() - 1
                });
                tasks[place] = Some(task);
                ready.push(place);
            }
            if let Some(place) = ready.pop() {
                let waker = Waker::from(Arc::new(TaskWaker { task: place, ready: Arc::clone(&ready) }));
                let done = tasks[place].as_mut().map(|task| task.as_mut().poll(&mut Context::from_waker(&waker)));
                if done.is_some_and(|poll| poll.is_ready()) {
                    tasks[place] = None;
                    free.push(place);
                }
                continue;
            }
            let next = self.0.alarms.borrow_mut().pop();
            match next {
                Some(Reverse(alarm)) if alarm.time <= end => {
                    self.0.now.set(alarm.time.max(self.now()));
                    alarm.waker.wake();
                }
                _ => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn tasks_run_in_the_order_of_time_and_a_day_passes_at_once() {
        let (world, seen) = (World::new(), Rc::new(RefCell::new(Vec::new())));
        for pause in [86_400, 1, 5, 1] {
            let (clock, seen) = (world.clone(), Rc::clone(&seen));
            world.spawn(async move {
                clock.sleep(SECOND * pause).await;
                seen.borrow_mut().push(clock.now().as_secs());
            });
        }
        world.run(SECOND * 100);
        assert_eq!(*seen.borrow(), [1, 1, 5]);
    }

    #[test]
    fn what_is_not_done_in_time_is_dropped() {
        let (world, outcome) = (World::new(), Rc::new(RefCell::new(Vec::new())));
        let (clock, log) = (world.clone(), Rc::clone(&outcome));
        world.spawn(async move {
            for pause in [1, 3] {
                let done = clock.before(clock.now() + SECOND * 2, clock.sleep(SECOND * pause)).await;
                log.borrow_mut().push((done.is_some(), clock.now().as_secs()));
            }
        });
        world.run(SECOND * 100);
        assert_eq!(*outcome.borrow(), [(true, 1), (false, 3)]);
    }
}
