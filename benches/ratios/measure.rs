//! Times of things that are measured side by side, so that what else the machine does falls out.

use std::time::{Duration, Instant};

/// How long one contender may run at most, all rounds together.
const BUDGET: Duration = Duration::from_millis(600);

/// Runs the contenders by turns and returns, for each, the time of each of its rounds.
pub fn by_turns(contenders: &mut [&mut dyn FnMut()]) -> Vec<Vec<f64>> {
    let mut times = vec![Vec::new(); contenders.len()];
    for contender in contenders.iter_mut() {
        contender();
    }
    let start = Instant::now();
    let budget = BUDGET * u32::try_from(contenders.len()).expect("few contenders");
    while start.elapsed() < budget || times[0].len() < 15 {
        for (contender, times) in contenders.iter_mut().zip(&mut times) {
            let start = Instant::now();
            contender();
            times.push(start.elapsed().as_secs_f64());
        }
    }
    times
}

/// The median of the ratios of rounds that ran next to each other.
pub fn ratio(over: &[f64], under: &[f64]) -> f64 {
    median(over.iter().zip(under).map(|(over, under)| over / under))
}

pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
