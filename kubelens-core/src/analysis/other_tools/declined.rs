use super::Declined;

/// Checks of other tools that are none here, on purpose.
pub const DECLINED: &[Declined] = &[
    Declined {
        check: "volumes and claims smaller than 1 Gi; a claim without a class or a volume as such",
        names: &[],
        reason: "How large is opinion; a claim without a class gets the default one, and STO003 tells where there is none.",
    },
    Declined {
        check: "the provisioner `kubernetes.io/no-provisioner` as deprecated",
        names: &[],
        reason: "It is the supported way to local volumes.",
    },
    Declined {
        check: "a NetworkPolicy with an empty pod selector \"allows everything\"",
        names: &[],
        reason: "It selects every pod and mostly denies; HYG019 says what it does.",
    },
    Declined {
        check: "address blocks of a policy that hold no pod",
        names: &["POP-1206", "POP-1207"],
        reason: "Address blocks are meant for addresses outside the cluster.",
    },
    Declined {
        check: "autoscaler targets outside of a fixed list of kinds; every container needs requests and limits",
        names: &[],
        reason: "Any kind with a scale subresource is a target, and limits are not needed (SCA001, SCA005).",
    },
    Declined {
        check: "a StatefulSet without serviceName",
        names: &[],
        reason: "The API allows it.",
    },
    Declined {
        check: "a CronJob without an active Job",
        names: &["POP-1501"],
        reason: "To idle between two runs is its normal state.",
    },
    Declined {
        check: "a Service port that no container declares, as an error",
        names: &["POP-1106"],
        reason: "To declare ports is optional: NET004 warns, until something proves that nothing listens.",
    },
    Declined {
        check: "one endpoint, zero replicas or a suspended Job as a failure",
        names: &["POP-1109", "POP-500", "POP-1500"],
        reason: "They are somebody's intent: HYG010, ROL016 and JOB007 tell of them as info.",
    },
    Declined {
        check: "every pod of a webhook that does not run",
        names: &[],
        reason: "One ready endpoint serves (CTL002).",
    },
    Declined {
        check: "every node condition outside of a fixed list; a node without conditions",
        names: &[],
        reason: "A table of polarities says what a condition of another agent means (NOD007).",
    },
    Declined {
        check: "leftovers of evicted or ended pods for ever; a container that waits for one second; restarts counted over a life",
        names: &[],
        reason: "What is over, or has just begun, is no fault: windows decide. Profile `classic` counts over a life.",
    },
    Declined {
        check: "any warning event of an object with the same name",
        names: &[],
        reason: "Events are joined by uid.",
    },
    Declined {
        check: "one failure a selector key, a word of a log or an unused ConfigMap, in the default run",
        names: &[],
        reason: "One finding a fault; what is unused is hygiene.",
    },
    Declined {
        check: "an internal error of the tool as a finding",
        names: &["POP-666"],
        reason: "What keeps a check from running stands in `coverage`, never at an object.",
    },
    Declined {
        check: "a metrics server that is missing, as a finding",
        names: &["POP-402"],
        reason: "`coverage` says that usage is unknown; SCA003 tells of autoscalers that suffer from it.",
    },
    Declined {
        check: "API groups that are deprecated, from the list of what is served",
        names: &["POP-403", "POP-404"],
        reason: "That a version is served harms nobody; CTL018 tells who still uses one.",
    },
    Declined {
        check: "a single control plane node, read from the number of nodes",
        names: &["POP-712"],
        reason: "HYG036 tells of it where the control plane can be seen.",
    },
    Declined {
        check: "checks that are named and never made: full disks of a kind that nodes do not report any more, budgets that ask for more pods than run, pods that no policy selects in both directions",
        names: &["POP-703", "POP-901", "POP-1205"],
        reason: "There is nothing to map: NOD004 tells of full disks, SCA030 of such budgets, HYG019 of policies.",
    },
    Declined {
        check: "the right of account default, by the name of the account alone",
        names: &["POP-308"],
        reason: "As written it cannot fire; SEC015 looks for what it means.",
    },
    Declined {
        check: "a fixed oldest server version; the size of an autoscaler against what is used now",
        names: &[
            "POP-405", "POP-406", "POP-602", "POP-603", "POP-604", "POP-605",
        ],
        reason: "Versions are judged by data (NOD015), and capacity by requests.",
    },
    Declined {
        check: "a report of relabelling rules, and the installation of other programs, as analysis",
        names: &["k8sgpt:PrometheusConfigRelabelReport"],
        reason: "They are no findings; a diagnosis never changes the cluster.",
    },
    Declined {
        check: "what was forbidden or timed out read as \"does not exist\"; an unread section scored as perfect",
        names: &[],
        reason: "What could not be read is unknown, and stands in `coverage`.",
    },
    Declined {
        check: "a risk score for manifests from the state of the cluster",
        names: &[],
        reason: "It belongs to what a change would do, not to what is broken.",
    },
];
