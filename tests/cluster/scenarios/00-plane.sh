# The plane is sound: what the other scenarios take for granted about pods, Jobs, gates and rights.
kubectl apply -f - <<'Y' >/dev/null
apiVersion: apps/v1
kind: Deployment
metadata: {name: good}
spec:
  replicas: 2
  selector: {matchLabels: {app: good}}
  template:
    metadata: {labels: {app: good}}
    spec: {containers: [{name: main, image: "nginx:1"}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: slow}
spec:
  selector: {matchLabels: {app: slow}}
  template:
    metadata: {labels: {app: slow}}
    spec: {containers: [{name: main, image: "nginx:1", readinessProbe: {initialDelaySeconds: 6, httpGet: {port: 80}}}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: bad}
spec:
  selector: {matchLabels: {app: bad}}
  template:
    metadata: {labels: {app: bad}}
    spec: {containers: [{name: main, image: "does-not-exist:1"}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: crash}
spec:
  selector: {matchLabels: {app: crash}}
  template:
    metadata: {labels: {app: crash}}
    spec: {containers: [{name: main, image: "nginx:1", command: [/bad-command]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: gated}
spec: {readinessGates: [{conditionType: example.test/open}], containers: [{name: main, image: "nginx:1"}]}
---
apiVersion: batch/v1
kind: Job
metadata: {name: wins}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: busybox, command: [sh, -c, sleep 1 && exit 0]}]}}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: loses}
spec: {backoffLimit: 0, template: {spec: {restartPolicy: Never, containers: [{name: main, image: busybox, command: [sh, -c, sleep 1 && exit 7]}]}}}
Y
ready='{.status.conditions[?(@.type=="Ready")].status}'
waiting='{.items[0].status.containerStatuses[0].state.waiting.reason}'
pods_wait() { [ "$(kubectl get pods -l "app=$1" -o "jsonpath=$waiting")" = "$2" ]; }

eventually 30 reads deployment/good '{.status.readyReplicas}' 2
eventually 30 pods_wait bad ImagePullBackOff
eventually 30 pods_wait crash CrashLoopBackOff
reads deployment/slow '{.status.readyReplicas}' '' || fail "slow was ready before its probe's initial delay"
eventually 30 reads deployment/slow '{.status.readyReplicas}' 1
eventually 30 reads job/wins '{.status.succeeded}' 1
eventually 30 reads job/loses '{.status.failed}' 1
[ "$(kubectl get pods -l job-name=loses -o 'jsonpath={.items[0].status.containerStatuses[0].state.terminated.exitCode}')" = 7 ] || fail "the Job's pod ended with another code"
[ "$(kubectl get endpointslices -o name | wc -l)" = 0 ] || fail "endpoint slices without a Service"

eventually 30 reads pod/gated '{.status.phase}' Running
never 2 reads pod/gated "$ready" True
kubectl patch pod gated --subresource=status --type=merge -p "$(kubectl get pod gated -o json | python3 -c '
import json, sys
conditions = json.load(sys.stdin)["status"]["conditions"]
print(json.dumps({"status": {"conditions": conditions + [{"type": "example.test/open", "status": "True"}]}}))')" >/dev/null
eventually 30 reads pod/gated "$ready" True

reads deployment/bad '{.status.readyReplicas}' '' || fail "a pod without an image became ready"
reads deployment/crash '{.status.readyReplicas}' '' || fail "a pod that crashes became ready"
# kubectl says no with status 1 and an error, too; the word counts.
may() { [ "$(kubectl --context least auth can-i "$@" 2>/dev/null)" = yes ]; }
! may get configmaps || fail "the user \`least\` has rights that nobody gave"
kubectl create -f - <<R >/dev/null
{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "least", "namespace": "$NS"}, "subjects": [{"kind": "User", "name": "least"}], "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}}
R
eventually 10 may -n "$NS" get configmaps
