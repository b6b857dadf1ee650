//! A pretend world of one Rollout: it performs decisions, and its pods obey at once.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use switchback::api::analysis::AnalysisTemplate;
use switchback::api::pod_metadata::{MetadataPatch, PodMetadata};
use switchback::api::rollout::Rollout;
use switchback::api::run::Phase;
use switchback::api::time::Time;
use switchback::api::write::{Patch, Write};
use switchback::logic::rollout::decide::decide;
use switchback::logic::rollout::decision::Need;
use switchback::logic::rollout::view::{
    AnalysisRunRow, Apart, Pod, Refused, ReplicaSet, Service, View, Workload,
};
use switchback::merge::json as merge;

/// What `template` says under the keys that the ReplicaSet is annotated with.
fn carried(set: &ReplicaSet, template: &Value) -> MetadataPatch {
    let given = set.meta.annotation("rollout.argoproj.io/ephemeral-metadata").unwrap_or("{}");
    let given: PodMetadata = serde_json::from_str(given).unwrap();
    let there = |list: &str, key: &String| template["metadata"][list][key].as_str().map(str::to_owned);
    let of = |list: &str, given: &BTreeMap<String, String>| {
        given.keys().map(|key| (key.clone(), there(list, key))).collect()
    };
    MetadataPatch { labels: of("labels", &given.labels), annotations: of("annotations", &given.annotations) }
}

/// The rule in `template`, which has no other.
fn apart(template: &Value) -> Option<Apart> {
    let against = &template["spec"]["affinity"]["podAntiAffinity"];
    let preferred = &against["preferredDuringSchedulingIgnoredDuringExecution"][0];
    let required = &against["requiredDuringSchedulingIgnoredDuringExecution"][0];
    let stable =
        |term: &Value| term["labelSelector"]["matchExpressions"][0]["values"][0].as_str().map(str::to_owned);
    let weight = preferred["weight"].as_i64().map(|w| i32::try_from(w).unwrap());
    let stable = stable(&preferred["podAffinityTerm"]).or_else(|| stable(required))?;
    Some(Apart { stable, weight })
}

pub struct Rig {
    rollout: Value,
    replica_sets: Vec<ReplicaSet>,
    /// Templates of the ReplicaSets, by name.
    templates_of_sets: BTreeMap<String, Value>,
    pods: Vec<Pod>,
    /// Pods that were ever made.
    made: i32,
    services: BTreeMap<String, Service>,
    runs: Vec<AnalysisRunRow>,
    templates: BTreeMap<(bool, String), Arc<AnalysisTemplate>>,
    now: Timestamp,
    wake: Option<Timestamp>,
    /// Pods of the workload that the Rollout takes over.
    pub workload: Option<i32>,
    /// Pods that the ReplicaSets have ready at most.
    pub ready_at_most: i32,
    /// Pods that the first ReplicaSet has beyond those it wants.
    pub lingering: i32,
    /// Image whose pods never become ready.
    pub broken: Option<String>,
    /// Image whose ReplicaSet the cluster refuses to make.
    pub refused: Option<String>,
    /// AnalysisRuns that a Rollout before this one has left.
    pub left: Vec<String>,
    /// Every write in words.
    pub log: Vec<String>,
    /// Reasons of all events.
    pub events: Vec<String>,
    /// What the last event says.
    pub said: String,
    pub most_pods: i32,
    /// The most pods that each image had.
    most: BTreeMap<String, i32>,
    pub least_available: i32,
    deployed: bool,
}

impl Rig {
    pub fn new(replicas: i32, strategy: Value) -> Self {
        let rollout = json!({
            "metadata": {"name": "web", "namespace": "shop", "uid": "u1", "generation": 1},
            "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "strategy": strategy,
                "template": {"metadata": {"labels": {"app": "web"}},
                    "spec": {"containers": [{"name": "c", "image": "v1"}]}}},
        });
        let service = |name: &str| Service {
            name: name.into(),
            selector: [("app".into(), "web".into())].into(),
            ..Service::default()
        };
        Self {
            rollout,
            replica_sets: Vec::new(),
            templates_of_sets: BTreeMap::new(),
            pods: Vec::new(),
            made: 0,
            services: ["active", "preview"].into_iter().map(|n| (n.to_owned(), service(n))).collect(),
            runs: Vec::new(),
            templates: BTreeMap::new(),
            now: "2026-11-21T12:00:00Z".parse().unwrap(),
            wake: None,
            workload: None,
            ready_at_most: i32::MAX,
            lingering: 0,
            broken: None,
            refused: None,
            left: Vec::new(),
            log: Vec::new(),
            events: Vec::new(),
            said: String::new(),
            most_pods: 0,
            most: BTreeMap::new(),
            least_available: i32::MAX,
            deployed: false,
        }
    }

    fn image_now(&self) -> String {
        self.rollout["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap().to_owned()
    }

    fn view(&self) -> View {
        let mut rollout: Rollout = serde_json::from_value(self.rollout.clone()).unwrap();
        let template = rollout.spec.template.clone().unwrap();
        if self.workload.is_some() {
            Arc::make_mut(&mut rollout.spec).template = None; // the workload has it
        }
        let refused = self.refused.clone().filter(|image| *image == self.image_now());
        View {
            refused: refused.map(|hash| Refused { hash, why: "no latest tags".into() }),
            template,
            selector: rollout.spec.selector.clone().unwrap(),
            pod_hash: self.image_now(),
            template_key: self.image_now(),
            replica_sets: self.replica_sets.clone(),
            services: self.services.clone(),
            analysis_runs: self.runs.clone(),
            left_runs: self.left.iter().cloned().collect(),
            templates: self.templates.clone(),
            debounce_passed: true,
            workload: self.workload.map(|n| Workload { replicas: Some(n), ..Workload::default() }),
            rollout: rollout.into(),
            ..View::default()
        }
    }

    /// Decides and performs until nothing is left to do now.
    pub fn settle(&mut self) {
        for _ in 0..200 {
            let mut decision = decide(&self.view(), self.now);
            if decision.needs == Some(Need::Pods) {
                self.log.push("list Pods".into());
                decision = decide(&View { pods: Some(self.pods.clone()), ..self.view() }, self.now);
            }
            let idle = decision.writes.is_empty() && decision.status.is_none();
            for write in &decision.writes {
                self.perform(write);
            }
            if let Some(patch) = &decision.status {
                self.log.push("patch Rollout/status".into());
                self.rollout = merge::apply(&self.rollout, patch);
            }
            self.events.extend(decision.events.iter().map(|e| e.reason.clone()));
            self.said = decision.events.last().map_or(self.said.clone(), |e| e.message.clone());
            self.wake = decision.wake;
            let moved = self.obey();
            if idle && !moved {
                return;
            }
        }
        panic!("does not settle: {:?}", self.log.iter().rev().take(12).collect::<Vec<_>>());
    }

    /// Lets `ready` pods of each ReplicaSet be ready; answers how long the write of the status is debounced.
    pub fn debounce(&mut self, ready: i32) -> Option<Duration> {
        self.ready_at_most = ready;
        self.obey();
        decide(&View { debounce_passed: false, ..self.view() }, self.now).debounce
    }

    /// The most pods that `image` had since this was asked last.
    pub fn most_of(&mut self, image: &str) -> i32 {
        std::mem::take(&mut self.most).remove(image).unwrap_or(0)
    }

    /// The progress deadline, in seconds.
    pub fn deadline(&mut self, seconds: i32) {
        self.rollout["spec"]["progressDeadlineSeconds"] = json!(seconds);
    }

    /// Pods follow what their ReplicaSets want; answers whether anything changed.
    fn obey(&mut self) -> bool {
        let before = self.replica_sets.clone();
        self.count_pods();
        for replica_set in &mut self.replica_sets {
            replica_set.current = replica_set.replicas;
            let works = self.broken.as_ref() != Some(&replica_set.hash);
            replica_set.available = if works { replica_set.replicas.min(self.ready_at_most) } else { 0 };
            if replica_set.hash == "v1" {
                replica_set.available += self.lingering;
            }
            replica_set.ready = replica_set.available;
            replica_set.observed_generation = replica_set.meta.generation;
        }
        self.count_pods();
        self.make_pods();
        before != self.replica_sets
    }

    /// Each ReplicaSet has the pods it wants; new ones are as its template says.
    fn make_pods(&mut self) {
        for set in &self.replica_sets {
            let own = |pod: &&Pod| pod.meta.is_controlled_by(&set.meta.uid);
            let there = self.pods.iter().filter(own).count();
            let wanted = usize::try_from(set.replicas).unwrap();
            for _ in there..wanted {
                self.made += 1;
                let mut meta = self.templates_of_sets[&set.meta.name]["metadata"].clone();
                meta["name"] = json!(format!("{}-{}", set.meta.name, self.made));
                meta["ownerReferences"] = json!([{"uid": set.meta.uid, "controller": true}]);
                let meta = serde_json::from_value(meta).unwrap();
                self.pods.push(Pod { meta, is_ready: true, ready_since: None });
            }
            let mut kept = 0;
            self.pods.retain(|pod| {
                kept += usize::from(own(&pod));
                !own(&pod) || kept <= wanted
            });
        }
    }

    fn count_pods(&mut self) {
        for set in &self.replica_sets {
            let most = self.most.entry(set.hash.clone()).or_insert(0);
            *most = (*most).max(set.replicas);
        }
        let wanted = i32::try_from(self.rollout["spec"]["replicas"].as_i64().unwrap()).unwrap();
        let pods: i32 = self.replica_sets.iter().map(|s| s.replicas.max(s.current)).sum();
        let available: i32 = self.replica_sets.iter().map(|s| s.available.min(s.replicas)).sum();
        self.deployed |= available >= wanted;
        if self.deployed {
            self.most_pods = self.most_pods.max(pods);
            self.least_available = self.least_available.min(available);
        }
    }

    fn perform(&mut self, write: &Write) {
        let target = write.target();
        match write {
            Write::Create { object } if target.kind == "ReplicaSet" => {
                let meta = serde_json::from_value(object["metadata"].clone()).unwrap();
                let mut replica_set = ReplicaSet { meta, ..ReplicaSet::default() };
                replica_set.hash =
                    object["metadata"]["labels"]["rollouts-pod-template-hash"].as_str().unwrap().into();
                replica_set.template_key.clone_from(&replica_set.hash);
                replica_set.replicas = i32::try_from(object["spec"]["replicas"].as_i64().unwrap()).unwrap();
                replica_set.meta.creation_timestamp = Some(Time::of(self.now));
                replica_set.meta.uid = format!("uid-{}", replica_set.hash);
                let template = object["spec"]["template"].clone();
                replica_set.carried = carried(&replica_set, &template);
                replica_set.apart = apart(&template);
                self.templates_of_sets.insert(replica_set.meta.name.clone(), template);
                self.now += SignedDuration::from_secs(1);
                self.replica_sets.push(replica_set);
                self.log.push("create ReplicaSet".into());
            }
            Write::Create { object } if target.kind == "AnalysisRun" => {
                let meta = serde_json::from_value(object["metadata"].clone()).unwrap();
                self.runs.push(AnalysisRunRow { meta, phase: Phase::Running, ..AnalysisRunRow::default() });
                self.log.push(format!("create {}", target.name));
            }
            Write::Delete { .. } if target.kind == "AnalysisRun" => {
                self.runs.retain(|run| run.meta.name != target.name);
                self.log.push(format!("delete {}", target.name));
            }
            Write::Patch { patch: Patch::Merge(body), .. } => {
                self.log.push(format!("patch {}", target.kind));
                match target.kind.as_str() {
                    "Rollout" => self.rollout = merge::apply(&self.rollout, body),
                    "ReplicaSet" => {
                        let replica_set =
                            self.replica_sets.iter_mut().find(|s| s.meta.name == target.name).unwrap();
                        let annotations = json!(replica_set.meta.annotations);
                        let merged = merge::apply(&annotations, &body["metadata"]["annotations"]);
                        if merged.is_object() {
                            replica_set.meta.annotations = serde_json::from_value(merged).unwrap();
                        }
                        if let Some(n) = body["spec"]["replicas"].as_i64() {
                            replica_set.replicas = i32::try_from(n).unwrap();
                        }
                        let template = self.templates_of_sets.get_mut(&target.name).unwrap();
                        if let Some(change) = body["spec"].get("template") {
                            *template = merge::apply(template, change);
                            replica_set.meta.generation += 1;
                        }
                        replica_set.carried = carried(replica_set, template);
                        replica_set.apart = apart(template);
                    }
                    "Pod" => {
                        let pod = self.pods.iter_mut().find(|p| p.meta.name == target.name).unwrap();
                        let meta = merge::apply(&json!(pod.meta), &body["metadata"]);
                        pod.meta = serde_json::from_value(meta).unwrap();
                    }
                    "Service" => {
                        let service = self.services.get_mut(&target.name).unwrap();
                        service.hash =
                            body["spec"]["selector"]["rollouts-pod-template-hash"].as_str().map(Into::into);
                        service.managed_by = Some("web".into());
                    }
                    "AnalysisRun" => {
                        let run = self.runs.iter_mut().find(|run| run.meta.name == target.name).unwrap();
                        (run.terminate, run.phase) = (true, Phase::Successful);
                    }
                    "Deployment" => {
                        self.workload = body["spec"]["replicas"].as_i64().map(|n| i32::try_from(n).unwrap());
                    }
                    other => panic!("unexpected patch of {other}"),
                }
            }
            other => panic!("unexpected write {other:?}"),
        }
    }

    /// There is a template of this name, with one metric that asks a web server.
    pub fn template(&mut self, name: &str, metric: &Value) {
        let mut whole = json!({"name": name, "provider": {"web": {"url": "http://example.com"}}});
        whole = merge::apply(&whole, metric);
        let template = json!({"metadata": {"name": name}, "spec": {"metrics": [whole]}});
        self.templates.insert((false, name.to_owned()), serde_json::from_value(template).unwrap());
    }

    /// The run whose name ends so has come to `phase`.
    pub fn judge(&mut self, suffix: &str, phase: Phase) {
        let run = self.runs.iter_mut().rev().find(|run| run.meta.name.ends_with(suffix)).unwrap();
        run.phase = phase;
    }

    /// The AnalysisRuns by name.
    pub fn runs(&self) -> Vec<&str> {
        self.runs.iter().map(|run| run.meta.name.as_str()).collect()
    }

    pub fn image(&mut self, image: &str) {
        self.rollout["spec"]["template"]["spec"]["containers"][0]["image"] = json!(image);
        self.new_generation();
    }

    pub fn spec(&mut self, field: &str, value: Value) {
        self.rollout["spec"][field] = value;
        self.new_generation();
    }

    fn new_generation(&mut self) {
        let n = self.rollout["metadata"]["generation"].as_i64().unwrap();
        self.rollout["metadata"]["generation"] = json!(n + 1);
    }

    pub fn patch_status(&mut self, patch: Value) {
        self.rollout = merge::apply(&self.rollout, &json!({"status": patch}));
    }

    pub fn pass_seconds(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    pub fn status(&self) -> Value {
        self.rollout["status"].clone()
    }

    pub fn phase(&self) -> String {
        self.rollout["status"]["phase"].as_str().unwrap_or_default().to_owned()
    }

    pub fn annotation(&self, key: &str) -> String {
        self.rollout["metadata"]["annotations"][key].as_str().unwrap_or_default().to_owned()
    }

    /// ReplicaSets with pods, by image.
    pub fn pods(&self) -> Vec<(String, i32)> {
        let mut all: Vec<(String, i32)> = self
            .replica_sets
            .iter()
            .filter(|s| s.replicas > 0)
            .map(|s| (s.hash.clone(), s.replicas))
            .collect();
        all.sort();
        all
    }

    /// Reason and message of the condition of this type.
    pub fn condition(&self, of_type: &str) -> (String, String) {
        let all = self.rollout["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let found = all.into_iter().find(|c| c["type"] == of_type).unwrap_or_default();
        let text = |field: &str| found[field].as_str().unwrap_or_default().to_owned();
        (text("reason"), text("message"))
    }

    /// The template and the annotations of the ReplicaSet of this image.
    pub fn set(&self, image: &str) -> (Value, Value) {
        let set = self.replica_sets.iter().find(|s| s.hash == image).unwrap();
        (self.templates_of_sets[&set.meta.name].clone(), json!(set.meta.annotations))
    }

    /// Labels and annotations of the pods of this image, each combination once.
    pub fn marks(&self, image: &str) -> Vec<(Value, Value)> {
        let set = self.replica_sets.iter().find(|s| s.hash == image).unwrap();
        let own = self.pods.iter().filter(|p| p.meta.is_controlled_by(&set.meta.uid));
        let mut marks: Vec<(Value, Value)> =
            own.map(|p| (json!(p.meta.labels), json!(p.meta.annotations))).collect();
        marks.dedup();
        marks
    }

    pub fn selected(&self, service: &str) -> String {
        self.services[service].hash.clone().unwrap_or_default()
    }

    pub fn count(&self, prefix: &str) -> usize {
        self.log.iter().filter(|l| l.starts_with(prefix)).count()
    }

    pub fn now(&self) -> Timestamp {
        self.now
    }

    pub fn wake(&self) -> Option<Timestamp> {
        self.wake
    }
}
