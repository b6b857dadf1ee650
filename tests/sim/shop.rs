//! Decides what the repositories of the stories hold at first, and the words in which people change them.
//! It never touches a cluster.

use crate::repo::Files;
use bytes::Bytes;

/// What stands in the shop's Secret, and how the cluster writes it.
pub const SECRET: &str = "correct-horse-battery";
pub const SECRET_ENCODED: &str = "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5";

/// The namespace of every story.
pub const NAMESPACE: &str = "shop";

const EXAMPLE: &[(&str, &str)] = &[
    ("namespace.yaml", include_str!("../../examples/shop/namespace.yaml")),
    ("web/analysis.yaml", include_str!("../../examples/shop/web/analysis.yaml")),
    ("web/config.yaml", include_str!("../../examples/shop/web/config.yaml")),
    ("web/rollout.yaml", include_str!("../../examples/shop/web/rollout.yaml")),
    ("web/services.yaml", include_str!("../../examples/shop/web/services.yaml")),
];

fn files(all: &[(&str, &str)]) -> Files {
    all.iter().map(|(p, t)| ((*p).to_owned(), Bytes::from((*t).to_owned()))).collect()
}

fn secret() -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: web-token, namespace: shop}}\nstringData:\n  token: {SECRET}\n"
    )
}

/// The shop of `examples/shop`, with a Secret.
pub fn canary() -> Files {
    let mut all = files(EXAMPLE);
    all.insert("web/secret.yaml".to_owned(), Bytes::from(secret()));
    all
}

const BLUE_GREEN: &str = r#"apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata:
  name: web
  namespace: shop
spec:
  replicas: 3
  revisionHistoryLimit: 2
  selector:
    matchLabels:
      app: web
  strategy:
    blueGreen:
      activeService: web-stable
      previewService: web-canary
      scaleDownDelaySeconds: 10
      abortScaleDownDelaySeconds: 5
      ANALYSIS:
        templates:
          - templateName: errors
        args:
          - name: hash
            valueFrom:
              podTemplateHashValue: Latest
  template:
    metadata:
      labels:
        app: web
      annotations:
        metrics.switchback.dev/errors: "0.01"
    spec:
      containers:
        - name: web
          image: example/web:v1
          envFrom:
            - configMapRef:
                name: web-config
"#;

/// The same shop with a blue-green Rollout and an analysis before or after the switch: `prePromotionAnalysis` or
/// `postPromotionAnalysis`.
pub fn blue_green(analysis: &str) -> Files {
    let mut all = canary();
    all.insert("web/rollout.yaml".to_owned(), Bytes::from(BLUE_GREEN.replace("ANALYSIS", analysis)));
    all
}

/// `text` with other words in it; they must be there.
pub fn with(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from:?} is not in {text}");
    text.replace(from, to)
}

/// Lets the analysis be undecided where it is neither good nor bad.
pub fn may_be_undecided(files: &mut Files) {
    let template = String::from_utf8(files["web/analysis.yaml"].to_vec()).unwrap();
    let condition = "successCondition: result[0] < 0.05";
    let both = format!("{condition}\n      failureCondition: result[0] > 0.2");
    files.insert("web/analysis.yaml".to_owned(), with(&template, condition, &both).into());
}
