/// How near to the fault a code speaks: of several things seen on one container, the one with the
/// lowest number explains the others.
pub(super) fn specificity(code: &str) -> u8 {
    let number: u16 = code
        .get(3..)
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(999);
    match (code.get(..3).unwrap_or_default(), number) {
        ("NOD" | "CTL", _) => 0,
        ("CFG" | "SEC" | "SCA", _) | ("WRK", 13 | 14 | 39 | 40) => 1,
        ("IMG", _) => 2,
        ("SCH", 1 | 18 | 32) => 11,
        ("SCH", _) => 3,
        ("STO", 1 | 10 | 8 | 25) => 10,
        ("STO", _) => 4,
        ("OPS", 87) => 4,
        ("NET", 3 | 4 | 50 | 53 | 51 | 60 | 66 | 70 | 71 | 72 | 77) => 4,
        ("WRK", 3 | 7) => 5,
        ("WRK", 109) => 6,
        ("WRK", 23 | 24) => 6,
        ("WRK", 12 | 21 | 22 | 25 | 47 | 125 | 126) => 7,
        ("WRK", 101..=199) => 8,
        ("WRK", 4 | 5 | 8) => 9,
        ("WRK", 20) => 9,
        ("WRK", 33 | 38) => 10,
        ("JOB", 9) => 9,
        ("WRK", 1 | 2 | 10 | 17 | 29 | 30 | 41) => 12,
        ("WRK", 36 | 37) => 13,
        ("WRK", 18 | 19) => 14,
        ("WRK", 44) => 15,
        _ => 16,
    }
}
