use serde_json::{Value, json};

use super::validate;

/// What is told of an object in YAML, line by line.
fn told(manifest: &str) -> Vec<String> {
    let object: Value = serde_saphyr::from_str(manifest).expect("a manifest");
    validate(&object).iter().map(ToString::to_string).collect()
}

/// A Deployment around the specification of its pods.
fn deployment(pods: &Value) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": pods}},
    })
}

fn of_pods(pods: &Value) -> Vec<String> {
    validate(&deployment(pods))
        .iter()
        .map(|error| error.to_string().replace("spec.template.spec.", ""))
        .collect()
}

fn of_container(more: Value) -> Vec<String> {
    let mut container = json!({"name": "web", "image": "nginx:1.27"});
    let fields = container.as_object_mut().expect("an object");
    let Value::Object(more) = more else {
        panic!("fields")
    };
    fields.extend(more);
    of_pods(&json!({"containers": [container]}))
        .iter()
        .map(|line| line.replace("containers[0].", ""))
        .collect()
}

#[test]
fn what_is_right_is_silent() {
    assert_eq!(of_container(json!({})), Vec::<String>::new());
    let more = json!({
        "ports": [{"name": "http", "containerPort": 8080}],
        "env": [{"name": "A", "value": "b"}, {"name": "my.dotted-name", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
        "resources": {"requests": {"cpu": 1, "memory": "128Mi"}, "limits": {"cpu": "1.5", "memory": 268_435_456}},
        "readinessProbe": {"httpGet": {"path": "/", "port": "http"}, "timeoutSeconds": null},
        "command": null,
    });
    assert_eq!(of_container(more), Vec::<String>::new());
}

#[test]
fn a_field_that_nobody_knows_is_told_with_the_one_that_is_meant() {
    assert_eq!(
        of_container(json!({"imagePullPolcy": "Always"})),
        ["imagePullPolcy: unknown field (did you mean imagePullPolicy, image?)"]
    );
    let lines = told(
        "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{port: 80}], selectors: {app: web}}}",
    );
    assert_eq!(
        lines,
        ["spec.selectors: unknown field (did you mean selector?)"]
    );
}

#[test]
fn a_value_of_another_type_is_told_with_its_place() {
    assert_eq!(
        of_container(json!({"env": [{"name": "A", "value": 5}]})),
        ["env[0].value: invalid type: integer `5`, expected a string"]
    );
    let lines = told("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {debug: true}}");
    assert_eq!(
        lines,
        ["data[debug]: invalid type: boolean `true`, expected a string"]
    );
}

#[test]
fn what_a_container_names_must_be_there() {
    let pods = json!({
        "containers": [{"name": "web", "image": "a", "volumeMounts": [{"name": "conf", "mountPath": "/a"}, {"name": "data", "mountPath": "/a"}]}],
        "volumes": [{"name": "config", "emptyDir": {}}, {"name": "data", "emptyDir": {}}, {"name": "data", "emptyDir": {}, "hostPath": {"path": "/a"}}],
    });
    assert_eq!(
        of_pods(&pods),
        [
            "volumes[2].name: Duplicate value: \"data\"",
            "volumes[2]: Forbidden: may not specify more than 1 volume type",
            "containers[0].volumeMounts[0].name: Not found: \"conf\" (did you mean config?)",
            "containers[0].volumeMounts[1].mountPath: Invalid value: \"/a\": must be unique",
        ]
    );
}

#[test]
fn a_request_stays_below_its_limit() {
    assert_eq!(
        of_container(json!({"resources": {"requests": {"cpu": 2}, "limits": {"cpu": "1500m"}}})),
        [
            "resources.requests[cpu]: Invalid value: \"2\": must be less than or equal to cpu limit of 1500m"
        ]
    );
}

#[test]
fn a_probe_asks_in_one_way() {
    assert_eq!(
        of_container(
            json!({"livenessProbe": {"httpGet": {"port": 80}, "tcpSocket": {"port": 80}, "successThreshold": 2}, "readinessProbe": {}})
        ),
        [
            "livenessProbe: Forbidden: may not specify more than 1 handler type",
            "livenessProbe.successThreshold: Invalid value: \"2\": must be 1",
            "readinessProbe: Required value: must specify a handler type",
        ]
    );
    let init = json!({"containers": [{"name": "a", "image": "a"}], "initContainers": [
        {"name": "b", "image": "a", "readinessProbe": {"tcpSocket": {"port": 1}}},
        {"name": "c", "image": "a", "restartPolicy": "Always", "readinessProbe": {"tcpSocket": {"port": 1}}},
    ]});
    assert_eq!(
        of_pods(&init),
        [
            "initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always"
        ]
    );
}

#[test]
fn ports_and_names_are_what_the_api_takes() {
    let pods = json!({"containers": [
        {"name": "Web_1", "image": "a", "ports": [{"containerPort": 80_000}, {"name": "a", "containerPort": 1}, {"name": "a", "containerPort": 2}]},
        {"name": "b", "image": ""}, {"name": "b", "image": "a"},
    ]});
    let lines = of_pods(&pods);
    assert!(
        lines[0].starts_with(
            "containers[0].name: Invalid value: \"Web_1\": a lowercase RFC 1123 label"
        ),
        "{lines:?}"
    );
    assert_eq!(
        lines[1..],
        [
            "containers[0].ports[0].containerPort: Invalid value: \"80000\": must be between 1 and 65535, inclusive",
            "containers[0].ports[2].name: Duplicate value: \"a\"",
            "containers[1].image: Required value",
            "containers[2].name: Duplicate value: \"b\"",
        ]
    );
}

#[test]
fn a_workload_selects_its_own_pods_and_restarts_them() {
    let lines = told(
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, \
                      strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 0, maxUnavailable: 0%}}, \
                      template: {metadata: {labels: {app: wbe}}, spec: {restartPolicy: Never, containers: [{name: a, image: a}]}}}}",
    );
    assert_eq!(
        lines,
        [
            "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\"",
            "spec.template.metadata.labels: Invalid value: \"app=wbe\": `selector` does not match template `labels`",
            "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"0\": may not be 0 when `maxSurge` is 0",
        ]
    );
    let lines = told(
        "{apiVersion: batch/v1, kind: Job, metadata: {name: a}, spec: {template: {spec: {containers: [{name: a, image: a}]}}}}",
    );
    assert_eq!(
        lines,
        [
            "spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\""
        ]
    );
    let lines = told(
        "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db}, spec: {selector: {matchLabels: {app: db}}, \
                      template: {metadata: {labels: {app: db}}, spec: {containers: [{name: a, image: a, volumeMounts: [{name: data, mountPath: /d}]}]}}, \
                      volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]}}",
    );
    assert_eq!(lines, Vec::<String>::new());
}

#[test]
fn services_and_ingresses_are_complete() {
    let lines = told(
        "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{port: 80}, {port: 80, nodePort: 30000}]}}",
    );
    assert_eq!(
        lines,
        [
            "spec.ports[0].name: Required value",
            "spec.ports[1].name: Required value",
            "spec.ports[1]: Duplicate value: \"80/TCP\"",
            "spec.ports[1].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
        ]
    );
    let lines = told(
        "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web}, spec: {rules: [{http: {paths: \
                      [{path: a, pathType: Prefix, backend: {service: {name: web}}}, {path: /, backend: {serviceName: web, servicePort: 80}}]}}]}}",
    );
    assert_eq!(
        lines,
        [
            "spec.rules[0].http.paths[1].backend.serviceName: unknown field (did you mean service?)",
            "spec.rules[0].http.paths[1].backend.servicePort: unknown field (did you mean service?)",
            "spec.rules[0].http.paths[0].path: Invalid value: \"a\": must be an absolute path",
            "spec.rules[0].http.paths[0].backend.service: Required value: port name or number is required",
            "spec.rules[0].http.paths[1].pathType: Required value: pathType must be specified",
            "spec.rules[0].http.paths[1].backend: Required value: one of `service` or `resource` is required",
        ]
    );
}

#[test]
fn limits_of_scaling_agree() {
    let lines = told(
        "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: web}, spec: {minReplicas: 5, \
                      maxReplicas: 3, scaleTargetRef: {kind: Deployment, name: web}, metrics: [{type: Resource}]}}",
    );
    assert_eq!(
        lines,
        [
            "spec.maxReplicas: Invalid value: \"3\": must be greater than or equal to `minReplicas`",
            "spec.metrics[0].resource: Required value: must populate information for the given metric source",
        ]
    );
    let lines = told(
        "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: web}, spec: {minAvailable: 50, maxUnavailable: 120%}}",
    );
    assert_eq!(
        lines,
        [
            "spec: Invalid value: \"\": minAvailable and maxUnavailable cannot be both set",
            "spec.maxUnavailable: Invalid value: \"120%\": must be a percentage from 0% to 100%",
        ]
    );
}

#[test]
fn a_secret_holds_what_its_type_says_and_its_values_are_not_told() {
    let lines = told(
        "{apiVersion: v1, kind: Secret, metadata: {name: a}, type: kubernetes.io/tls, stringData: {tls.crt: x}}",
    );
    assert_eq!(lines, ["data[tls.key]: Required value"]);
    let lines = told(
        "{apiVersion: v1, kind: Secret, metadata: {name: a}, data: {password: 'not base64!'}}",
    );
    assert_eq!(lines.len(), 1);
    assert!(
        lines[0].starts_with("data[password]: ") && !lines[0].contains("not base64!"),
        "{lines:?}"
    );
}

#[test]
fn a_kind_in_another_group_is_told() {
    assert_eq!(
        told("{apiVersion: v1, kind: Deployment, metadata: {name: a}}"),
        ["kind: no matches for kind \"Deployment\" in version \"v1\" (it is one of apps/v1)"]
    );
    assert_eq!(
        told("{apiVersion: v1, kind: Servce, metadata: {name: a}}"),
        ["kind: no matches for kind \"Servce\" in version \"v1\" (did you mean Service of v1?)"]
    );
    for manifest in [
        "{apiVersion: example.com/v1, kind: Servce}",
        "{apiVersion: apps/v1beta1, kind: Deployment}",
        "{apiVersion: v1, kind: Binding}",
        "{apiVersion: v1, kind: Node, metadata: {name: n1}}",
    ] {
        assert_eq!(told(manifest), Vec::<String>::new());
    }
}

#[test]
fn a_version_that_never_was_is_told_with_the_one_that_is() {
    for (manifest, expected) in [
        (
            "{apiVersion: apps/v2, kind: Deployment, metadata: {name: a}}",
            "apiVersion: no matches for kind \"Deployment\" in version \"apps/v2\" (it is apps/v1)",
        ),
        (
            "{apiVersion: v2, kind: Pod, metadata: {name: a}}",
            "apiVersion: no matches for kind \"Pod\" in version \"v2\" (it is v1)",
        ),
        (
            "{apiVersion: storage.k8s.io/v3, kind: CSIDriver, metadata: {name: a}}",
            "apiVersion: no matches for kind \"CSIDriver\" in version \"storage.k8s.io/v3\" (there is storage.k8s.io/v1)",
        ),
        (
            "{apiVersion: networking/v1, kind: Ingress, metadata: {name: a}}",
            "kind: no matches for kind \"Ingress\" in version \"networking/v1\" (it is one of networking.k8s.io/v1)",
        ),
    ] {
        assert_eq!(told(manifest), [expected]);
    }
    // What is gone, what may come, and what somebody else defines.
    for manifest in [
        "{apiVersion: extensions/v1beta1, kind: Ingress}",
        "{apiVersion: autoscaling/v2beta2, kind: HorizontalPodAutoscaler}",
        "{apiVersion: storage.k8s.io/v1beta9, kind: CSIDriver}",
        "{apiVersion: example.com/v2, kind: Deployment}",
        "{apiVersion: gateway.networking.k8s.io/v9, kind: Gateway}",
    ] {
        assert_eq!(told(manifest), Vec::<String>::new(), "{manifest}");
    }
}

#[test]
fn without_a_version_a_manifest_is_judged_as_what_it_calls_itself() {
    assert_eq!(
        told("{apiVersion: '', kind: ConfigMap, metadata: {name: a}, datas: {}}"),
        [
            "apiVersion: Required value: ConfigMap is of v1",
            "datas: unknown field (did you mean data?)",
        ]
    );
}

#[test]
fn rules_of_roles_are_complete() {
    let lines = told(
        "{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: 'system:reader'}, rules: [{apiGroups: [''], resources: [pods]}, {verbs: [get]}]}",
    );
    assert_eq!(
        lines,
        [
            "rules[0].verbs: Required value: verbs must contain at least one value",
            "rules[1].apiGroups: Required value: resource rules must supply at least one api group",
            "rules[1].resources: Required value: resource rules must supply at least one resource",
        ]
    );
    let lines = told(
        "{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: a}, roleRef: {kind: role, name: a}, subjects: [{kind: ServiceAccount, name: web}]}",
    );
    assert_eq!(
        lines,
        ["roleRef.kind: Unsupported value: \"role\": supported values: \"ClusterRole\", \"Role\""]
    );
}
