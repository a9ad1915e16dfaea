//! Times, memory, and answers that are wrong.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering};
use std::time::{Duration, Instant};

use crate::Result;
use crate::workload::{Expected, Workload};

/// What a peer answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Allowed,
    ImplicitDeny,
    ExplicitDeny,
    /// A denial by a peer that does not tell the two kinds apart.
    Denied,
    /// The peer returned an error, which a caller must take for a denial.
    Failed,
}

/// An engine with one translation of one workload, and requests prepared for it.
pub trait Peer: Sized + 'static {
    /// What the engine reads: the policies in its own language.
    type Source;
    /// What it makes of them.
    type Compiled;

    /// Writes the policies in the engine's language. Not timed.
    fn translate(workload: &'static Workload) -> Result<Self::Source>;

    /// Reads and compiles them: this is the build time, and what it leaves allocated is the heap.
    fn compile(source: &Self::Source) -> Result<Self::Compiled>;

    /// Prepares every request of the workload. Not timed.
    fn prepare(compiled: Self::Compiled, workload: &'static Workload) -> Result<Self>;

    /// Decides the request with this index: the timed part.
    fn decide(&mut self, index: usize) -> Answer;
}

/// How the answers of a peer compare with the expected ones.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    pub asked: usize,
    pub wrongly_allowed: usize,
    pub wrongly_denied: usize,
    /// Denied as it must be, but for the wrong reason. Only of peers that tell the reason.
    pub wrong_reason: usize,
    /// Errors, wherever they led to.
    pub failed: usize,
    /// The first wrong answer of each kind: which request it was, what it must get, what it got.
    pub examples: Vec<(usize, Expected, Answer)>,
}

impl Tally {
    fn count(&mut self, index: usize, answer: Answer, expected: Expected) {
        self.asked += 1;
        self.failed += usize::from(answer == Answer::Failed);
        match (answer, expected) {
            (Answer::Allowed, Expected::Allowed)
            | (Answer::ImplicitDeny, Expected::ImplicitDeny)
            | (Answer::ExplicitDeny, Expected::ExplicitDeny)
            | (Answer::Denied | Answer::Failed, Expected::ImplicitDeny | Expected::ExplicitDeny) => return,
            (Answer::Allowed, _) => self.wrongly_allowed += 1,
            (_, Expected::Allowed) => self.wrongly_denied += 1,
            _ => self.wrong_reason += 1,
        }
        if !self.examples.iter().any(|(_, wanted, got)| (*wanted, *got) == (expected, answer)) {
            self.examples.push((index, expected, answer));
        }
    }

    pub fn wrong(&self) -> usize {
        self.wrongly_allowed + self.wrongly_denied + self.wrong_reason
    }
}

/// A peer that is ready to be timed.
pub struct Running {
    tally: Tally,
    build: Duration,
    heap: isize,
    decisions: usize,
    /// Asks every request so many times.
    ask: Box<dyn FnMut(u32)>,
    repeats: u32,
    spent: Duration,
    samples: Vec<f64>,
}

/// How often a build is timed; the median counts.
const BUILDS: usize = 3;
/// How many samples there are at least, unless they take longer than [`LIMIT`].
const SAMPLES: usize = 3;
/// A sample shorter than this says more about the clock than about the engine.
const SAMPLE: Duration = Duration::from_millis(10);
/// How long an engine is timed on a workload.
const BUDGET: Duration = Duration::from_millis(1_500);
/// After this time no further sample is begun, however few there are.
const LIMIT: Duration = Duration::from_secs(8);

impl Running {
    /// Translates, builds, prepares, and checks every answer once.
    pub fn start<P: Peer>(workload: &'static Workload) -> Result<Self> {
        let source = P::translate(workload)?;
        let mut builds = Vec::new();
        for _ in 0..BUILDS {
            let start = Instant::now();
            let compiled = P::compile(&source)?;
            builds.push(start.elapsed());
            drop(compiled);
        }
        builds.sort();
        let build = builds.get(BUILDS / 2).copied().unwrap_or_default();
        let (compiled, heap) = counted(|| P::compile(&source));
        let mut peer = P::prepare(compiled?, workload)?;

        let mut tally = Tally::default();
        let start = Instant::now();
        for (index, ask) in workload.asks.iter().enumerate() {
            tally.count(index, peer.decide(index), ask.expected);
        }
        let round = start.elapsed();
        let decisions = workload.asks.len();
        // The loop is compiled with the peer inside: a call through the box is made once for each sample.
        let ask = Box::new(move |repeats: u32| {
            for _ in 0..repeats {
                for index in 0..decisions {
                    black_box(peer.decide(black_box(index)));
                }
            }
        });
        let repeats = SAMPLE.as_nanos().div_ceil(round.as_nanos().max(1)).min(1_000);
        let repeats = u32::try_from(repeats)?;
        let mut running =
            Running { tally, build, heap, decisions, ask, repeats, spent: Duration::ZERO, samples: Vec::new() };
        // What is so slow that it is asked a few times only has warmed up by its first answers.
        if round >= BUDGET {
            running.note(round, 1);
        }
        Ok(running)
    }

    /// Whether more samples are worth their time.
    pub fn wants(&self) -> bool {
        self.spent < BUDGET || (self.samples.len() < SAMPLES && self.spent < LIMIT)
    }

    /// Takes one sample.
    pub fn sample(&mut self) {
        let start = Instant::now();
        (self.ask)(self.repeats);
        self.note(start.elapsed(), self.repeats);
    }

    fn note(&mut self, took: Duration, repeats: u32) {
        self.spent += took;
        self.samples.push(took.as_secs_f64() * 1e9 / f64::from(repeats) / self.decisions as f64);
    }

    /// The figures, without the peer.
    pub fn finish(self) -> Measured {
        let mut samples = self.samples;
        samples.sort_by(f64::total_cmp);
        let nanoseconds = samples.get(samples.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN);
        Measured { nanoseconds, samples: samples.len(), tally: self.tally, build: self.build, heap: self.heap }
    }
}

/// The figures of one engine on one workload.
pub struct Measured {
    /// Of one decision: the median of the samples.
    pub nanoseconds: f64,
    pub samples: usize,
    pub tally: Tally,
    pub build: Duration,
    pub heap: isize,
}

impl Measured {
    /// Whether the engine was too slow for as many samples as the others have.
    pub fn is_short(&self) -> bool {
        self.samples < SAMPLES
    }
}

/// Counts live bytes, but only while it is told to: counting slows every allocation, and some peers allocate much.
struct Counting;

static COUNTS: AtomicBool = AtomicBool::new(false);
static LIVE: AtomicIsize = AtomicIsize::new(0);

fn add(bytes: usize, sign: isize) {
    if COUNTS.load(Ordering::Relaxed) {
        LIVE.fetch_add(sign * bytes.cast_signed(), Ordering::Relaxed);
    }
}

// SAFETY: every call is passed on to the system's allocator unchanged; counting touches none of the memory.
#[expect(unsafe_code, reason = "an allocator cannot be written without")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size(), 1);
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        add(layout.size(), 1);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        add(layout.size(), -1);
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        add(new_size, 1);
        add(layout.size(), -1);
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The bytes that a computation leaves allocated.
fn counted<T>(run: impl FnOnce() -> T) -> (T, isize) {
    let before = LIVE.load(Ordering::Relaxed);
    COUNTS.store(true, Ordering::Relaxed);
    let result = run();
    COUNTS.store(false, Ordering::Relaxed);
    (result, LIVE.load(Ordering::Relaxed) - before)
}
