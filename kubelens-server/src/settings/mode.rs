use super::reader::Reader;

/// What kind of installation this is; each has its laws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A developer's machine.
    Dev,
    /// The simulated cluster.
    Demo,
    /// People depend on it: nothing insecure is accepted.
    Prod,
}

impl Mode {
    /// The word used in settings and answers.
    pub fn word(self) -> &'static str {
        match self {
            Mode::Dev => "dev",
            Mode::Demo => "demo",
            Mode::Prod => "prod",
        }
    }
}

/// Whether the person who approved may also execute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FourEyes {
    /// Always allowed.
    Off,
    /// Refused in prod, elsewhere allowed with a warning.
    Prod,
    /// Always refused.
    Always,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Mode {
    let choices = [
        ("dev", Mode::Dev),
        ("demo", Mode::Demo),
        ("prod", Mode::Prod),
    ];
    reader.choice("APP_MODE", Mode::Demo, &choices)
}

pub(super) fn read_four_eyes(reader: &mut Reader<'_>) -> FourEyes {
    let choices = [
        ("off", FourEyes::Off),
        ("prod", FourEyes::Prod),
        ("always", FourEyes::Always),
    ];
    reader.choice("FOUR_EYES", FourEyes::Prod, &choices)
}
