//! Decides what Rollouts the scenarios are played with: small ones of either strategy, as text that kubectl applies.
//! It never applies one.

/// A Rollout of three pods with the strategy `strategy` (as flow-style YAML), labelled with `labels`.
pub fn rollout(name: &str, labels: &str, strategy: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata:\n  name: {name}\n  labels: {{{labels}}}\nspec:\n  \
         replicas: 3\n  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: \
         {name}}}}}\n    spec:\n      containers:\n      - {{name: main, image: \"example/{name}:v1\", resources: \
         {{requests: {{cpu: 1m, memory: 1Mi}}}}}}\n  strategy: {strategy}\n"
    )
}

/// A Service for the pods of `app`.
pub fn service(name: &str, app: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec:\n  selector: {{app: {app}}}\n  ports: [{{port: \
         80, targetPort: 8080}}]\n"
    )
}

/// The label that gives an object to the controllers of an instance.
pub fn of_instance(id: &str) -> String {
    format!("argo-rollouts.argoproj.io/controller-instance-id: {id}")
}

/// One third, a pause without end, two thirds, another one.
pub const CANARY: &str = "{canary: {maxSurge: 1, maxUnavailable: 0, steps: [{setWeight: 33}, {pause: {}}, {setWeight: \
                          66}, {pause: {}}]}}";

/// A switch that waits for a user.
pub const BLUE_GREEN: &str = "{blueGreen: {activeService: colour-active, previewService: colour-preview, \
                              autoPromotionEnabled: false, scaleDownDelaySeconds: 2}}";

/// The objects of `text` as the API takes them.
pub fn objects(text: &str) -> Vec<serde_json::Value> {
    text.split("\n---\n").map(|one| serde_yaml::from_str(one).unwrap()).collect()
}
