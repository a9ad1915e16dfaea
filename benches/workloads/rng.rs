//! SplitMix64, seeded by a list of texts: the random numbers of `generate.py`, bit for bit.

pub struct Rng {
    state: u64,
}

impl Rng {
    pub fn new(seed: &[&str]) -> Self {
        let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
        for part in seed {
            for byte in part.bytes().chain([0]) {
                state = (state ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
            }
        }
        Rng { state }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub fn pick<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.below(items.len())]
    }

    pub fn weighted<T: Copy>(&mut self, pairs: &[(T, usize)]) -> T {
        let mut at = self.below(pairs.iter().map(|(_, weight)| weight).sum());
        for (item, weight) in pairs {
            if at < *weight {
                return *item;
            }
            at -= weight;
        }
        unreachable!("the weights add up")
    }

    pub fn uuid(&mut self) -> String {
        let h = format!("{:016x}{:016x}", self.next(), self.next());
        format!("{}-{}-4{}-8{}-{}", &h[..8], &h[8..12], &h[13..16], &h[17..20], &h[20..32])
    }
}

/// The name of an object, up to three folders deep.
pub fn object_name(rng: &mut Rng) -> String {
    const FOLDERS: [&str; 10] =
        ["photos", "docs", "backup", "inbox", "drafts", "2025", "2026", "q1", "q3", "team notes"];
    let depth = rng.below(4);
    let mut parts: Vec<String> = (0..depth).map(|_| rng.pick(&FOLDERS).to_owned()).collect();
    let what = rng.pick(&["img", "report", "clip", "note", "export"]);
    let number = rng.below(100_000);
    parts.push(format!("{what}-{number:05}.{}", rng.pick(&["jpg", "pdf", "json", "parquet", "txt"])));
    parts.join("/")
}

/// An identity, the same for equal seeds.
pub fn sub_of(seed: &[&str]) -> String {
    let seed: Vec<&str> = [&["sub"], seed].concat();
    format!("us-east-1:{}", Rng::new(&seed).uuid())
}
