use super::Declined;

/// Checks of other tools that are none here yet. An entry that an analyzer stands for is passed over.
pub const MISSING: &[Declined] = &[
    Declined {
        check: "what pods and nodes use, against requests, limits and capacity",
        names: &[
            "POP-109", "POP-110", "POP-111", "POP-112", "POP-503", "POP-504", "POP-505", "POP-506",
            "POP-602", "POP-603", "POP-604", "POP-605", "POP-709", "POP-710",
        ],
        reason: "Usage is not read yet.",
    },
    Declined {
        check: "custom resources of operators",
        names: &[
            "k8sgpt:ClusterCatalog",
            "k8sgpt:ClusterExtension",
            "k8sgpt:ClusterServiceVersion",
            "k8sgpt:Subscription",
            "k8sgpt:CatalogSource",
            "k8sgpt:InstallPlan",
            "k8sgpt:OperatorGroup",
            "k8sgpt:PolicyReport",
            "k8sgpt:ClusterPolicyReport",
            "k8sgpt:PrometheusConfigValidate",
            "POP-1600",
            "POP-1601",
            "POP-1602",
            "POP-1603",
            "POP-1604",
            "POP-1700",
            "POP-1701",
            "POP-1702",
            "POP-1703",
            "POP-1704",
        ],
        reason: "The custom resources of these operators are not looked at yet.",
    },
];
