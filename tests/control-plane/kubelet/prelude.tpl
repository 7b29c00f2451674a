{{- /* Comes before every template about a Pod: what they all need to know. */ -}}
{{- $now := Now -}}
{{- $start := or .status.startTime $now -}}
{{- $asked := or .metadata.annotations (dict) -}}
{{- $beat := atoi (or (index $asked "tests.kubelens.dev/beat") "0") -}}
{{- $restarts := add (atoi (or (index $asked "tests.kubelens.dev/restarts") "4")) $beat -}}
{{- $exit := atoi (or (index $asked "tests.kubelens.dev/exit") "1") -}}
{{- $ip := or .status.podIP "" -}}
{{- $message := or (index $asked "tests.kubelens.dev/message") "" | replace "$IP" $ip | replace "$NODE" .spec.nodeName -}}
{{- $c := index .spec.containers 0 -}}
{{- $init := false -}}
{{- $name := or (index $asked "tests.kubelens.dev/container") $c.name -}}
{{- range .spec.containers }}{{ if eq .name $name }}{{ $c = . }}{{ end }}{{ end -}}
{{- range (or .spec.initContainers (list)) }}{{ if eq .name $name }}{{ $c = . }}{{ $init = true }}{{ end }}{{ end -}}
{{- $id := printf "%s_%s(%s)" .metadata.name .metadata.namespace .metadata.uid -}}
{{- $images := list -}}
{{- range .spec.containers }}{{ $images = append $images .image }}{{ end -}}

{{- /* One container's status. c, uid, state, last, ready, started, restarts, pulled */ -}}
{{- define "container" }}
- name: {{ .c.name | Quote }}
  state: {{ .state | toJson }}
  lastState: {{ .last | toJson }}
  ready: {{ .ready }}
  started: {{ .started }}
  restartCount: {{ .restarts }}
  image: {{ .c.image | Quote }}
  {{- if .pulled }}
  imageID: {{ printf "%s@sha256:%s" (regexReplaceAll "(@.*|:[^/:]*)$" .c.image "") (sha256sum .c.image) | Quote }}
  containerID: {{ printf "%s/%s/%v" .uid .c.name .restarts | sha256sum | printf "containerd://%s" | Quote }}
  {{- else }}
  imageID: ""
  {{- end }}
  {{- with .c.resources }}
  resources: {{ toJson . }}
  {{- with .requests }}
  allocatedResources: {{ toJson . }}
  {{- end }}
  {{- end }}
{{- end -}}

{{- /* Conditions of a pod. networked, initialized, ready: "True"/"False"; waitsFor: the unready containers; since */ -}}
{{- define "conditions" }}
- {type: PodReadyToStartContainers, status: {{ .networked | Quote }}, lastProbeTime: null, lastTransitionTime: {{ .since | Quote }}, observedGeneration: 1}
{{- if eq .initialized "True" }}
- {type: Initialized, status: "True", reason: null, message: null, lastProbeTime: null, lastTransitionTime: {{ .since | Quote }}, observedGeneration: 1}
{{- else }}
- {type: Initialized, status: "False", reason: ContainersNotInitialized, message: {{ printf "containers with incomplete status: [%s]" .incomplete | Quote }}, lastProbeTime: null, lastTransitionTime: {{ .since | Quote }}, observedGeneration: 1}
{{- end }}
{{- $f := . }}
{{- range list "Ready" "ContainersReady" }}
{{- if eq $f.ready "True" }}
- {type: {{ . }}, status: "True", reason: null, message: null, lastProbeTime: null, lastTransitionTime: {{ $f.since | Quote }}, observedGeneration: 1}
{{- else }}
- {type: {{ . }}, status: "False", reason: {{ or $f.reason "ContainersNotReady" }}, message: {{ if $f.waitsFor }}{{ printf "containers with unready status: [%s]" $f.waitsFor | Quote }}{{ else }}null{{ end }}, lastProbeTime: null, lastTransitionTime: {{ $f.since | Quote }}, observedGeneration: 1}
{{- end }}
{{- end }}
{{- end -}}

{{- /* Where the pod runs. host, ip, start, phase */ -}}
{{- define "place" }}
observedGeneration: 1
phase: {{ .phase }}
startTime: {{ .start | Quote }}
hostIP: {{ .host | Quote }}
hostIPs: [{ip: {{ .host | Quote }}}]
{{- if .ip }}
podIP: {{ .ip | Quote }}
podIPs: [{ip: {{ .ip | Quote }}}]
{{- end }}
{{- end -}}

{{- /* The status of a pod of which one container, c, is in trouble: those before it are done, those after it wait. */ -}}
{{- /* pod, c, init, state, last, ready, started, restarts, pulled, blocked, phase, now, start, ip, host */ -}}
{{- define "trouble" }}
{{- $t := . }}
{{- $waiting := dict "waiting" (dict "reason" (ternary "PodInitializing" "ContainerCreating" .init)) }}
{{- $before := true }}
{{- $incomplete := list }}
{{- $unready := list }}
{{- range .pod.spec.initContainers }}
{{- if and $t.init (eq .name $t.c.name) }}{{ $before = false }}{{ end }}
{{- if and $t.init (not $before) }}{{ $incomplete = append $incomplete .name }}{{ end }}
{{- end }}
{{- range .pod.spec.containers }}
{{- if or $t.init $t.blocked (eq .name $t.c.name) }}{{ $unready = append $unready .name }}{{ end }}
{{- end }}
{{- template "place" . }}
conditions:
{{- template "conditions" dict "networked" (ternary "False" "True" .blocked) "initialized" (ternary "False" "True" .init) "incomplete" (join " " $incomplete) "ready" (ternary "True" "False" .ready) "waitsFor" (join " " $unready) "since" .start }}
{{- if .pod.spec.initContainers }}
initContainerStatuses:
{{- $before = true }}
{{- range .pod.spec.initContainers }}
{{- if and $t.init (eq .name $t.c.name) }}
{{- $before = false }}
{{- template "container" $t }}
{{- else if and $before (not $t.blocked) }}
{{- template "container" dict "c" . "uid" $t.pod.metadata.uid "state" (dict "terminated" (dict "exitCode" 0 "reason" "Completed" "startedAt" $t.start "finishedAt" $t.start)) "last" (dict) "ready" true "started" false "restarts" 0 "pulled" true }}
{{- else }}
{{- template "container" dict "c" . "uid" $t.pod.metadata.uid "state" (dict "waiting" (dict "reason" "PodInitializing")) "last" (dict) "ready" false "started" false "restarts" 0 "pulled" false }}
{{- end }}
{{- end }}
{{- end }}
containerStatuses:
{{- range .pod.spec.containers }}
{{- if and (not $t.init) (eq .name $t.c.name) }}
{{- template "container" $t }}
{{- else if or $t.init $t.blocked }}
{{- template "container" dict "c" . "uid" $t.pod.metadata.uid "state" $waiting "last" (dict) "ready" false "started" false "restarts" 0 "pulled" false }}
{{- else }}
{{- template "container" dict "c" . "uid" $t.pod.metadata.uid "state" (dict "running" (dict "startedAt" $t.start)) "last" (dict) "ready" true "started" true "restarts" 0 "pulled" true }}
{{- end }}
{{- end }}
{{- end -}}
