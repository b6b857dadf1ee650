//! Nothing is applied that cannot work: every object is tried, also alone, in a namespace to come and of a kind to come,
//! and every Rollout is judged as its controller will judge it, with all it refers to.

use crate::delivery::bad::{refused, says};
use crate::delivery::rig::{Rig, config, git, rollout};

const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  replicas: 2\n  \
                          selector: {matchLabels: {a: b}}\n  template:\n    metadata: {labels: {a: b}}\n    spec:\n      \
                          containers:\n      - name: c\n        image: i\n        resouces: {}\n";

#[tokio::test]
async fn one_object_alone_is_tried_as_many_are() {
    let mut rig = Rig::new(&[("d.yaml", DEPLOYMENT)]).await;
    says(&rig.problem().await, &["d.yaml:13: ", "unknown field spec.template.spec.containers[0].resouces;"]);
    assert!(rig.owned().is_empty());
    rig.stop().await;
}

#[tokio::test]
async fn a_misspelt_field_of_what_is_there_is_one_short_line_with_its_place() {
    let good = rollout("    canary:\n      steps:\n      - pause: {duration: 1s}\n");
    let mut rig = Rig::new(&[("r.yaml", &good)]).await;
    rig.applied(&git(&rig.repo, &["rev-parse", "HEAD"])).await;
    rig.write("r.yaml", good.replace("{duration: 1s}", "{durations: 1s}"));
    rig.commit("misspelt");
    let problem = rig.problem().await;
    says(
        &problem,
        &["r.yaml:19: Rollout default/web: unknown field spec.strategy.canary.steps[0].pause.durations;"],
    );
    assert!(problem.len() < 250, "{problem}");
    rig.stop().await;
}

#[tokio::test]
async fn nothing_that_a_secret_holds_is_in_what_is_told() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: hunter2}\n";
    let mut rig = Rig::new(&[("s.yaml", secret)]).await;
    rig.applied(&git(&rig.repo, &["rev-parse", "HEAD"])).await;
    rig.write("s.yaml", format!("{secret}dta: {{password: hunter2}}\n"));
    rig.commit("misspelt");
    let problem = rig.problem().await;
    says(&problem, &["s.yaml:5: Secret default/s: unknown field dta;"]);
    assert!(!problem.contains("hunter2") && !problem.contains("aHVudGVyMg"), "{problem}");
    rig.stop().await;
}

#[tokio::test]
async fn objects_of_a_namespace_to_come_are_tried_where_one_is() {
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n";
    let of_shop = |text: &str| text.replacen("{name: ", "{namespace: shop, name: ", 1);
    let bad = format!("{namespace}---\n{}", of_shop(DEPLOYMENT));
    says(&refused("d.yaml", bad).await, &["d.yaml:17: ", "Deployment shop/d: unknown field"]);
    // Not by its name alone, which another namespace may have, too.
    let out_of_range =
        "apiVersion: v1\nkind: Service\nmetadata: {name: kubernetes}\nspec: {ports: [{port: 99999}]}\n";
    let bad = format!("{namespace}---\n{}", of_shop(out_of_range));
    says(
        &refused("s.yaml", bad).await,
        &["s.yaml:8: ", "Service shop/kubernetes: spec.ports[0].port: Invalid value"],
    );
    let good = of_shop(&DEPLOYMENT.replace("        resouces: {}\n", ""));
    let mut rig = Rig::new(&[("d.yaml", &format!("{namespace}---\n{good}"))]).await;
    rig.applied(&git(&rig.repo, &["rev-parse", "HEAD"])).await;
    assert!(rig.get("apps/v1", "Deployment", "shop", "d").is_some());
    rig.stop().await;
}

const DEFINITION: &str = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: \
                          widgets.example.com}\nspec:\n  group: example.com\n  scope: Namespaced\n  names: {kind: Widget, \
                          plural: widgets, singular: widget, listKind: WidgetList}\n  versions:\n  - name: v1\n    served: \
                          true\n    storage: true\n    schema:\n      openAPIV3Schema:\n        type: object\n        \
                          properties:\n          spec: {type: object, properties: {size: {type: integer}}}\n---\n";

#[tokio::test]
async fn objects_of_a_kind_to_come_are_checked_by_the_definition_that_comes_with_them() {
    let widget = |spec: &str| {
        format!(
            "{DEFINITION}apiVersion: example.com/v1\nkind: Widget\nmetadata: {{name: w}}\nspec: {{{spec}}}\n"
        )
    };
    says(
        &refused("w.yaml", widget("size: big")).await,
        &["w.yaml:21: ", "Widget default/w: spec.size has to be a whole"],
    );
    says(
        &refused("w.yaml", widget("sise: 1")).await,
        &["w.yaml:21: ", "Widget default/w: unknown field spec.sise"],
    );
    let mut rig = Rig::new(&[("w.yaml", &widget("size: 1"))]).await;
    rig.applied(&git(&rig.repo, &["rev-parse", "HEAD"])).await;
    assert!(rig.get("example.com/v1", "Widget", "default", "w").is_some());
    rig.stop().await;
}

/// A canary whose only step is `step`.
fn canary(step: &str) -> String {
    rollout(&format!("    canary:\n      steps:\n      - {step}\n"))
}

const ASKS: &str = "analysis: {templates: [{templateName: errors}]}";

/// The template `errors`, which asks `provider` with these arguments.
fn template(args: &str, provider: &str) -> String {
    format!(
        "---\napiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata: {{name: errors}}\nspec:\n  args: \
         [{args}]\n  metrics:\n  - name: errors\n    successCondition: result[0] < 0.5\n    provider: {{{provider}}}\n"
    )
}

const PROMETHEUS: &str = "prometheus: {address: \"http://p:9090\", query: up}";

#[tokio::test]
async fn a_rollout_that_its_controller_would_refuse_is_refused_with_its_line() {
    let weight =
        "r.yaml:19: Rollout default/web: spec.strategy.canary.steps[0].setWeight: Invalid value: 150";
    says(&refused("r.yaml", canary("setWeight: 150")).await, &[weight]);
    let field = "spec.strategy.canary.trafficRouting: Required value: SetCanaryScale requires";
    says(&refused("r.yaml", canary("setCanaryScale: {replicas: 1}")).await, &["r.yaml:17: ", field]);
    let typed = refused("r.yaml", canary("setWeight: 5").replace("replicas: 2", "replicas: two")).await;
    says(
        &typed,
        &[
            "r.yaml:6: Rollout default/web: spec.replicas cannot be \"two\"",
            "kubectl explain rollout.spec.replicas",
        ],
    );
    let nowhere = canary(ASKS);
    says(&refused("r.yaml", nowhere).await, &["r.yaml:19: ", "AnalysisTemplate 'errors' not found"]);
    let service = rollout("    canary:\n      canaryService: web-canary\n      steps: []\n");
    says(&refused("r.yaml", service).await, &["r.yaml:18: ", "service \"web-canary\" not found"]);
    let referred = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: web}\nspec:\n  workloadRef: \
                    {apiVersion: apps/v1, kind: Deployment, name: nowhere}\n  strategy: {canary: {}}\n";
    says(&refused("r.yaml", referred).await, &["r.yaml:5: ", "Deployment \"nowhere\" not found"]);
    let foreign = referred.replace("apps/v1", "x.example/v1");
    says(&refused("r.yaml", foreign).await, &["r.yaml:5: ", "x.example/Deployment is not supported"]);
    let twice = rollout("    canary:\n      canaryService: web\n      stableService: web\n");
    says(
        &refused("r.yaml", twice).await,
        &["r.yaml:19: ", "uses the same service for the stable and canary"],
    );
    let endless =
        template("", PROMETHEUS).replace("    successCondition", "    interval: 5s\n    successCondition");
    let endless = format!("{}{endless}", canary(ASKS));
    says(&refused("r.yaml", endless).await, &["r.yaml:19: ", "metric errors which runs indefinitely"]);
}

#[tokio::test]
async fn a_metric_that_could_never_be_asked_is_refused() {
    let with = |args: &str, provider: &str| format!("{}{}", canary(ASKS), template(args, provider));
    let no_address = with("", "prometheus: {query: up}");
    says(
        &refused("r.yaml", no_address).await,
        &["r.yaml:19: ", "can never be measured", "address is not configured"],
    );
    let secret = "{name: token, valueFrom: {secretKeyRef: {name: tokens, key: a}}}";
    says(
        &refused("r.yaml", with(secret, PROMETHEUS)).await,
        &["r.yaml:19: ", "Secret \"tokens\" with the key \"a\" not found"],
    );
    let unknown = with("", "graphite: {query: up}");
    says(&refused("r.yaml", unknown).await, &["r.yaml:19: ", "metrics[0]: provider.graphite: this version"]);
    let range = with("", "prometheus: {address: \"http://p:9090\", query: up, rangeQuery: {step: 1m}}");
    says(
        &refused("r.yaml", range).await,
        &["r.yaml:19: ", "metrics[0]: provider.prometheus.rangeQuery: this version"],
    );
    let unjudged = with("", PROMETHEUS).replace("result[0] < 0.5", "result[0] <");
    says(&refused("r.yaml", unjudged).await, &["r.yaml:19: ", "can never be measured"]);
}

#[tokio::test]
async fn what_a_rollout_refers_to_may_come_with_it_or_be_there() {
    let secret = "{name: token, valueFrom: {secretKeyRef: {name: tokens, key: a}}}";
    let tokens = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: tokens}\nstringData: {a: \"1\"}\n";
    let service = "---\napiVersion: v1\nkind: Service\nmetadata: {name: web-canary}\nspec: {selector: {app: web}, ports: \
                   [{port: 80}]}\n";
    let steps = format!("    canary:\n      canaryService: web-canary\n      steps:\n      - {ASKS}\n");
    let around = format!("{}{tokens}{service}", template(secret, PROMETHEUS));
    let mut rig = Rig::new(&[("r.yaml", &rollout(&steps)), ("around.yaml", &around)]).await;
    assert_eq!(rig.applied(&git(&rig.repo, &["rev-parse", "HEAD"])).await, (4, 0, 0));
    // A template that a Rollout still names may not go, and a Rollout may not be broken by what it names.
    rig.write("around.yaml", format!("{tokens}{service}"));
    rig.write("c.yaml", config("c", "1"));
    rig.commit("no template");
    says(&rig.problem().await, &["r.yaml:20: ", "AnalysisTemplate 'errors' not found"]);
    assert!(rig.config("c").is_none(), "half of it was applied");
    rig.write("around.yaml", around.replace("app: web", "app: other"));
    rig.commit("another Service");
    says(&rig.problem().await, &["r.yaml:18: ", "Service \"web-canary\" has unmatch label"]);
    rig.write("around.yaml", around);
    assert_eq!(rig.deliver("as before").await, (1, 0, 0));
    rig.stop().await;
}

#[tokio::test]
async fn a_rollout_of_another_controller_is_not_judged() {
    let foreign = canary("setWeight: 150").replace(
        "  name: web\n",
        "  name: web\n  labels: {argo-rollouts.argoproj.io/controller-instance-id: argo}\n",
    );
    let mut rig = Rig::new(&[("r.yaml", &foreign)]).await;
    assert_eq!(rig.applied(&git(&rig.repo, &["rev-parse", "HEAD"])).await, (1, 0, 0));
    rig.stop().await;
}

#[tokio::test]
async fn a_pod_template_that_no_pod_can_have_refuses_its_commit_with_the_field() {
    let good = rollout("    canary: {}\n");
    let bad = |line: &str| {
        good.replace(
            "        image: example/web:v1\n",
            &format!("        image: example/web:v1\n        {line}\n"),
        )
    };
    let env = refused("r.yaml", bad("env: [{name: PORT, value: 8080}]")).await;
    says(
        &env,
        &["r.yaml:16: ", "spec.template.spec.containers[0].env[0].value", "want a string, found 8080"],
    );
    let amount = refused("r.yaml", bad("resources: {requests: {memory: invalid}}")).await;
    says(&amount, &["r.yaml:16: ", "spec.template.spec.containers[0].resources.requests.memory", "invalid"]);
    let misspelt = refused("r.yaml", bad("livenesProbe: {}")).await;
    says(&misspelt, &["r.yaml:16: ", "spec.template.spec.containers[0].livenesProbe", "no such field"]);
}
