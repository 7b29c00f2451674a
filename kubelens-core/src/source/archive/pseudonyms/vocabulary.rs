/// Words of Kubernetes' own objects and messages, and of what runs in every cluster. They stay, also in names.
const WORDS: &str = "\
a an and any are as at back be been because by can cannot could did do does for from has have in into is it its no not of \
off on or out so than that the this to too up was were when which will with within without you \
access account active address admission affinity age all allocatable allowed already annotation api apis app argument assigned \
attach attached available backoff backend bad bind binding bound busy bytes ca cache cert certificate check claim class client \
cluster com command completed condition configmap configmaps conflict connect connection container containers context control \
controller cordoned could count cpu crash created creating credentials cron daemon daemonset data deadline default delete \
deleted denied deployment deployments deprecated device died disk dns does down driver duplicate endpoint endpoints ephemeral error \
errors event events evicted exceeded exec exist exists exit expired external failed failing failure false file filesystem finished \
forbidden found free full get group grpc had health healthz helm host hosts http https image images ingress init insufficient internal io \
invalid job jobs k8s key kill killed killing kind kubelet kubernetes label labels latest least lease limit limited limits linux liveness list \
load local localhost lookup manager match matched max maximum memory message minimum missing mount mounted must name names namespace \
namespaces net network never new nil no node nodes none null number object oom open operation org os owner pending permission \
persistentvolume persistentvolumeclaim pid plugin pod pods policy port ports preemption pressure probe process progress protocol \
provision provisioner proxy pull pulled pulling quota range reached read readiness ready reason refused registry rejected replica \
replicas replicaset request requested requests required reset resource resources response restart restarting retry revision role root \
route running runtime sandbox schedule scheduled scheduler scheduling secret secrets selector server service serviceaccount services set \
size space spec started startup state stateful statefulset status stop storage storageclass success svc system taint taints \
terminated termination timeout tls toleration tolerate token topology true type unable unauthorized unavailable unhealthy \
unknown unreachable unschedulable untolerated update used user users valid value version volume volumes wait waiting warning \
webhook windows worker write zone amd64 arm64 kube public master plane etcd coredns apiserver metrics admin \
nvidia amd intel habana gpu tpu istio linkerd envoy cilium calico flannel docker library quay gcr ghcr restricted baseline privileged enforce \
readwriteonce readwritemany readonlymany crt csi sc pv pvc";

/// Whether a part of a name is such a word.
pub(super) fn is_vocabulary(part: &str) -> bool {
    WORDS.split_ascii_whitespace().any(|word| word == part)
}
