#!/usr/bin/env python3
"""Prints the kwok Stages that play kubelet: one node becomes ready, pods do what their spec says they do.

usage: pods.py [READY_MS]      a pod without probes is ready READY_MS milliseconds (1000) after it is bound

What a pod does is read from its spec, so that a test needs no switch beside the manifest:
  image holds `does-not-exist`               ErrImagePull, then ImagePullBackOff; never starts
  image holds `argo-error` or `:error`,
  or the command names /bad-command          starts, ends with 1, CrashLoopBackOff; never ready
  command holds `sleep N; exit C`            ready, then after N seconds CrashLoopBackOff (Job pods: see below)
  readinessProbe.initialDelaySeconds,
  lifecycle.postStart `sleep N`              running at once, ready after that time
  readinessGates                             running; ready once every gate's condition is True
  owned by a Job: `sleep N && exit C`        runs N seconds, then Succeeded (C = 0 or no exit) or Failed (C)
  lifecycle.preStop `sleep N`                takes N seconds to go
It never restarts a container and never looks at requests, volumes or init containers.
"""
import json
import sys

READY_MS = int(sys.argv[1]) if len(sys.argv) > 1 else 1000

# --- what a pod is asked to do, in jq ---
COMMAND = '([.spec.containers[] | ((.command // []) + (.args // [])) | join(" ")] | join(" ; ")) as $cmd | '
PLAY = ('(.spec.containers | map(.image // "") | join(" ")) as $img | ' + COMMAND +
        'if ($img | test("does-not-exist|nonexistent")) then "badimage" '
        'elif (($img | test("argo-error|:error")) or ($cmd | test("/bad-command"))) then "crash" '
        'elif ([.metadata.ownerReferences[]?.kind] | any(. == "Job")) then '
        '(if ($cmd | test("sleep (infinity|365d|6000)")) then "run" else "job" end) '
        'elif ($cmd | test("sleep [0-9]+ *(;|&&) *exit [1-9]")) then "crashlate" '
        'elif ((.spec.readinessGates // []) | length) > 0 then "gated" else "run" end')
# Seconds between start and readiness.
SLOW = ('(([.spec.containers[].readinessProbe.initialDelaySeconds // 0] | max) + '
        '([.spec.containers[].lifecycle.postStart.exec.command[1]? // "0" | tonumber] | (max // 0)))')
IS_SLOW = SLOW + ' | if . > 0 then "slow" else "quick" end'
SLEEP_MS = ('(if ($cmd | test("sleep [0-9]+")) then (($cmd | capture("sleep (?<n>[0-9]+)").n | tonumber) * 1000) '
            'else 0 end)')
JOB_ENDS = COMMAND + 'if ($cmd | test("exit [1-9]")) then "fail" else "ok" end'
GATES = ('. as $p | [.spec.readinessGates[].conditionType] | map(. as $t | '
         '[$p.status.conditions[]? | select(.type == $t and .status == "True")] | length) | '
         'if all(. > 0) then "open" else "shut" end')
PRESTOP_MS = ('(([.spec.containers[].lifecycle.preStop.exec.command[1]? // "0" | tonumber] | (max // 0)) * 1000 + 200 '
              '| tostring) + "ms"')


def condition(kind):
    return f'.status.conditions.[] | select( .type == "{kind}" ) | .status'


def is_(key, *values):
    return {'key': key, 'operator': 'In', 'values': list(values)}


def not_(key, *values):
    return {'key': key, 'operator': 'NotIn', 'values': list(values)}


ALIVE = {'key': '.metadata.deletionTimestamp', 'operator': 'DoesNotExist'}
BOUND = {'key': '.spec.nodeName', 'operator': 'Exists'}
PENDING = is_('.status.phase', 'Pending')
RUNNING = is_('.status.phase', 'Running')
READY = is_(condition('Ready'), 'True')
UNREADY = not_(condition('Ready'), 'True')
FRESH = not_(condition('Initialized'), 'True')


def plays(*words):
    return is_(PLAY, *words)


def reason_is(*reasons):
    return is_('.status.containerStatuses.[0].state.waiting.reason', *reasons)


def stage(name, when, after, then, kind='Pod'):
    """`after` is milliseconds, or a jq expression that yields a duration such as "700ms"."""
    spec = {'resourceRef': {'apiGroup': 'v1', 'kind': kind}, 'selector': {'matchExpressions': when}, 'next': then}
    if isinstance(after, int):
        spec['delay'] = {'durationMilliseconds': after}
    elif after:
        spec['delay'] = {'durationMilliseconds': READY_MS, 'durationFrom': {'expressionFrom': after}}
    return {'apiVersion': 'kwok.x-k8s.io/v1alpha1', 'kind': 'Stage', 'metadata': {'name': name}, 'spec': spec}


# --- status templates (Go templates; the text is YAML once filled in) ---
RUNS = 'running: {startedAt: {{ $now | Quote }}}'


def waits(reason, message):
    return 'waiting: {reason: %s, message: "%s"}' % (reason, message)


def ended(code, reason):
    return 'terminated: {exitCode: %s, reason: %s, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }}}' % (
        code, reason)


EXIT_CODE = r'{{ range .spec.containers }}{{ $words := concat (or .command list) (or .args list) | join " " }}' \
            r'{{ with regexFind "exit [0-9]+" $words }}{{ $code = . | trimPrefix "exit " }}{{ end }}{{ end }}'


def status(phase, state, ready, containers_ready=None, restarts=0, last=None):
    flag = {True: 'true', False: 'false'}
    truth = {True: '"True"', False: '"False"'}
    conditions = [('Initialized', True), ('Ready', ready), ('PodScheduled', True),
                  ('ContainersReady', ready if containers_ready is None else containers_ready)]
    up = ready if containers_ready is None else containers_ready
    started = phase == 'Running' and state is RUNS
    lines = ['{{ $now := Now }}', '{{ $code := "0" }}', EXIT_CODE, f'phase: {phase}', 'conditions:']
    lines += [f'- {{type: {kind}, status: {truth[yes]}, lastTransitionTime: {{{{ $now | Quote }}}}}}'
              for kind, yes in conditions]
    lines += ['containerStatuses:', '{{ range .spec.containers }}', '- name: {{ .name | Quote }}',
              '  image: {{ .image | Quote }}', f'  ready: {flag[up]}', f'  started: {flag[started]}',
              f'  restartCount: {restarts}', f'  state: {{{state}}}']
    lines += [f'  lastState: {{{last}}}'] if last else []
    lines += ['{{ end }}']
    if phase == 'Running':
        # An address once given stays: a second one of its family makes the whole patch invalid.
        lines += ['{{ if not .status.podIP }}',
                  '{{ $ip := PodIPWith .spec.nodeName ( or .spec.hostNetwork false ) ( or .metadata.uid "" ) '
                  '( or .metadata.name "" ) ( or .metadata.namespace "" ) }}',
                  'podIP: {{ $ip | Quote }}', 'podIPs: [{ip: {{ $ip | Quote }}}]', '{{ end }}']
    if phase in ('Running', 'Pending'):
        lines += ['{{ if not .status.startTime }}startTime: {{ $now | Quote }}{{ end }}']
    return {'statusTemplate': '\n'.join(lines)}


OPEN_GATE = {'statusTemplate': '\n'.join([
    'conditions:', '{{ range .status.conditions }}', '- type: {{ .type | Quote }}',
    '  status: {{ if eq .type "Ready" }}"True"{{ else }}{{ .status | Quote }}{{ end }}',
    '  lastTransitionTime: {{ if eq .type "Ready" }}{{ Now | Quote }}{{ else }}{{ or .lastTransitionTime Now | Quote }}'
    '{{ end }}', '{{ end }}'])}
NODE_READY = {'statusTemplate': '\n'.join([
    'allocatable: {cpu: "1000", memory: 4Ti, pods: "100000"}', 'capacity: {cpu: "1000", memory: 4Ti, pods: "100000"}',
    'conditions:', '- {type: Ready, status: "True", reason: KubeletReady, lastHeartbeatTime: {{ Now | Quote }}, '
    'lastTransitionTime: {{ Now | Quote }}}'])}

CRASHED = dict(phase='Running', state=waits('CrashLoopBackOff', 'back-off restarting failed container'), ready=False,
               restarts=3, last=ended('1', 'Error'))
STAGES = [
    stage('node-ready', [not_(condition('Ready'), 'True')], None, NODE_READY, kind='Node'),
    stage('pod-ready', [ALIVE, BOUND, PENDING, plays('run', 'crashlate'), is_(IS_SLOW, 'quick')], READY_MS,
          status('Running', RUNS, True)),
    stage('pod-started', [ALIVE, BOUND, PENDING, plays('run', 'crashlate'), is_(IS_SLOW, 'slow')], READY_MS,
          status('Running', RUNS, False)),
    stage('pod-probed', [ALIVE, RUNNING, UNREADY, plays('run', 'crashlate'), is_(IS_SLOW, 'slow'),
                         not_('.status.containerStatuses.[0].state.waiting.reason', 'CrashLoopBackOff')],
          f'({SLOW} * 1000 | tostring) + "ms"', status('Running', RUNS, True)),
    stage('pod-image-missing', [ALIVE, BOUND, PENDING, FRESH, plays('badimage')], 300,
          status('Pending', waits('ErrImagePull', 'rpc error: code = NotFound desc = no such image'), False)),
    stage('pod-image-backoff', [ALIVE, PENDING, plays('badimage'), reason_is('ErrImagePull')], 2000,
          status('Pending', waits('ImagePullBackOff', 'Back-off pulling image'), False)),
    stage('pod-crashed', [ALIVE, BOUND, PENDING, plays('crash')], 500, status(**CRASHED)),
    stage('pod-crashed-late', [ALIVE, RUNNING, READY, plays('crashlate')],
          COMMAND + f'({SLEEP_MS} | tostring) + "ms"', status(**CRASHED)),
    stage('pod-gated', [ALIVE, BOUND, PENDING, plays('gated')], f'({SLOW} * 1000 + {READY_MS} | tostring) + "ms"',
          status('Running', RUNS, False, containers_ready=True)),
    stage('pod-gate-open', [ALIVE, RUNNING, UNREADY, plays('gated'), is_(GATES, 'open')], 200, OPEN_GATE),
    stage('job-started', [ALIVE, BOUND, PENDING, plays('job')], 300, status('Running', RUNS, True)),
    stage('job-succeeded', [ALIVE, RUNNING, plays('job'), is_(JOB_ENDS, 'ok')],
          COMMAND + f'({SLEEP_MS} + 700 | tostring) + "ms"', status('Succeeded', ended('0', 'Completed'), False)),
    stage('job-failed', [ALIVE, RUNNING, plays('job'), is_(JOB_ENDS, 'fail')],
          COMMAND + f'({SLEEP_MS} + 700 | tostring) + "ms"', status('Failed', ended('{{ $code }}', 'Error'), False)),
    stage('pod-deleted', [{'key': '.metadata.deletionTimestamp', 'operator': 'Exists'}], PRESTOP_MS, {'delete': True}),
]
for one in STAGES:
    print('---\n' + json.dumps(one, indent=1))
