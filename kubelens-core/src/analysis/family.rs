/// What a rule is about: the letters in front of its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Configuration that pods refer to.
    Cfg,
    /// Control plane, admission, APIs, certificates.
    Ctl,
    /// Hygiene.
    Hyg,
    /// Images.
    Img,
    /// Jobs and schedules.
    Job,
    /// Services, ingress, gateways, policies, DNS.
    Net,
    /// Nodes.
    Nod,
    /// Operators and custom resources.
    Ops,
    /// Rollouts and controllers.
    Rol,
    /// Autoscaling, budgets, quotas, usage.
    Sca,
    /// Scheduling.
    Sch,
    /// Access and security.
    Sec,
    /// Storage.
    Sto,
    /// Pods and containers at run time.
    Wrk,
}

impl Family {
    /// The family of a code; none for what is no code.
    pub fn of(code: &str) -> Option<Self> {
        Some(match code.get(..3)? {
            "CFG" => Self::Cfg,
            "CTL" => Self::Ctl,
            "HYG" => Self::Hyg,
            "IMG" => Self::Img,
            "JOB" => Self::Job,
            "NET" => Self::Net,
            "NOD" => Self::Nod,
            "OPS" => Self::Ops,
            "ROL" => Self::Rol,
            "SCA" => Self::Sca,
            "SCH" => Self::Sch,
            "SEC" => Self::Sec,
            "STO" => Self::Sto,
            "WRK" => Self::Wrk,
            _ => return None,
        })
    }

    /// What it is about, in a few words.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Cfg => "configuration",
            Self::Ctl => "control plane",
            Self::Hyg => "hygiene",
            Self::Img => "images",
            Self::Job => "jobs",
            Self::Net => "network",
            Self::Nod => "nodes",
            Self::Ops => "operators",
            Self::Rol => "rollouts",
            Self::Sca => "scaling",
            Self::Sch => "scheduling",
            Self::Sec => "security",
            Self::Sto => "storage",
            Self::Wrk => "workloads",
        }
    }
}
