{{- $text := EXPRESSION -}}
apiVersion: v1
kind: Event
metadata:
  name: {{ printf "%s.%s" .metadata.name (printf "%s %s %s" .metadata.uid "REASON" $text | sha256sum | trunc 16) | Quote }}
  namespace: {{ .metadata.namespace | Quote }}
involvedObject:
  apiVersion: v1
  kind: Pod
  namespace: {{ .metadata.namespace | Quote }}
  name: {{ .metadata.name | Quote }}
  uid: {{ .metadata.uid | Quote }}
  resourceVersion: {{ .metadata.resourceVersion | Quote }}
  FIELDPATH
type: TYPE
reason: REASON
message: {{ $text | Quote }}
count: {{ add 1 $restarts }}
firstTimestamp: {{ $start | Quote }}
lastTimestamp: {{ $now | Quote }}
source: {component: kubelet, host: {{ .spec.nodeName | Quote }}}
reportingComponent: kubelet
reportingInstance: {{ .spec.nodeName | Quote }}
