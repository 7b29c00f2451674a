use super::{Kind, List, PodSpec, Text};

/// Whether a ConfigMap or a Secret is meant.
pub type Referenced = Kind;

/// A place in a pod spec that names a ConfigMap or a Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigReference<'a> {
    /// `ConfigMap` or `Secret`.
    pub kind: Referenced,
    /// The object's name.
    pub name: &'a Text,
    /// The keys that must be in it; empty where the whole object is taken.
    pub keys: Vec<&'a Text>,
    /// Whether the pod starts without it.
    pub optional: bool,
    /// How it is used: `env`, `envFrom`, `volume`, `projected volume`.
    pub relation: &'static str,
    /// The container that uses it, or the volume's name.
    pub user: &'a Text,
    /// Where it stands, below the pod spec.
    pub path: String,
}

impl PodSpec {
    /// Every place that names a ConfigMap or a Secret which must be there before a container starts.
    pub fn config_references(&self) -> Vec<ConfigReference<'_>> {
        let mut found = Vec::new();
        self.environment_references(&mut found);
        self.volume_references(&mut found);
        found.retain(|reference| !reference.name.is_empty());
        found
    }

    fn environment_references<'a>(&'a self, found: &mut Vec<ConfigReference<'a>>) {
        let lists = [
            ("initContainers", &self.init_containers),
            ("containers", &self.containers),
        ];
        for (list, containers) in lists {
            for (index, container) in containers.iter().enumerate() {
                for (at, source) in container.env_from.iter().enumerate() {
                    let sources = [
                        (Kind::ConfigMap, "configMapRef", &source.config_map_ref),
                        (Kind::Secret, "secretRef", &source.secret_ref),
                    ];
                    for (kind, field, reference) in sources {
                        if let Some(reference) = reference {
                            found.push(ConfigReference {
                                kind,
                                name: &reference.name,
                                keys: Vec::new(),
                                optional: reference.optional,
                                relation: "envFrom",
                                user: &container.name,
                                path: format!("{list}[{index}].envFrom[{at}].{field}.name"),
                            });
                        }
                    }
                }
                for (at, variable) in container.env.iter().enumerate() {
                    let Some(source) = &variable.value_from else {
                        continue;
                    };
                    let sources = [
                        (
                            Kind::ConfigMap,
                            "configMapKeyRef",
                            &source.config_map_key_ref,
                        ),
                        (Kind::Secret, "secretKeyRef", &source.secret_key_ref),
                    ];
                    for (kind, field, reference) in sources {
                        if let Some(reference) = reference {
                            found.push(ConfigReference {
                                kind,
                                name: &reference.name,
                                keys: vec![&reference.key],
                                optional: reference.optional,
                                relation: "env",
                                user: &container.name,
                                path: format!("{list}[{index}].env[{at}].valueFrom.{field}"),
                            });
                        }
                    }
                }
            }
        }
    }

    fn volume_references<'a>(&'a self, found: &mut Vec<ConfigReference<'a>>) {
        for (index, volume) in self.volumes.iter().enumerate() {
            let mut push = |kind,
                            name: &'a Text,
                            items: &'a List<super::KeyToPath>,
                            optional,
                            relation,
                            field: &str| {
                found.push(ConfigReference {
                    kind,
                    name,
                    keys: items.iter().map(|item| &item.key).collect(),
                    optional,
                    relation,
                    user: &volume.name,
                    path: format!("volumes[{index}].{field}"),
                });
            };
            if let Some(source) = &volume.config_map {
                push(
                    Kind::ConfigMap,
                    &source.name,
                    &source.items,
                    source.optional,
                    "volume",
                    "configMap.name",
                );
            }
            if let Some(source) = &volume.secret {
                push(
                    Kind::Secret,
                    &source.secret_name,
                    &source.items,
                    source.optional,
                    "volume",
                    "secret.secretName",
                );
            }
            for (at, source) in volume
                .projected
                .iter()
                .flat_map(|projected| projected.sources.iter().enumerate())
            {
                if let Some(reference) = &source.config_map {
                    let field = format!("projected.sources[{at}].configMap.name");
                    push(
                        Kind::ConfigMap,
                        &reference.name,
                        &reference.items,
                        reference.optional,
                        "projected volume",
                        &field,
                    );
                }
                if let Some(reference) = &source.secret {
                    let field = format!("projected.sources[{at}].secret.name");
                    push(
                        Kind::Secret,
                        &reference.name,
                        &reference.items,
                        reference.optional,
                        "projected volume",
                        &field,
                    );
                }
            }
            let login = volume
                .csi
                .as_ref()
                .and_then(|csi| csi.node_publish_secret_ref.as_ref());
            if let Some(reference) = login {
                found.push(ConfigReference {
                    kind: Kind::Secret,
                    name: &reference.name,
                    keys: Vec::new(),
                    optional: false,
                    relation: "CSI volume",
                    user: &volume.name,
                    path: format!("volumes[{index}].csi.nodePublishSecretRef.name"),
                });
            }
        }
    }
}
