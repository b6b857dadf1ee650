//! Files that are moved, split and joined between a bad commit and its way back: what it did is undone where its objects
//! stand now, nothing else is touched, and no object is left in two files.

use crate::delivery::back::{healthy, web};
use crate::delivery::rig::{Rig, config, git};

/// The files of the branch.
fn files(rig: &Rig) -> Vec<String> {
    git(&rig.repo, &["ls-tree", "-r", "--name-only", "main"]).lines().map(str::to_owned).collect()
}

fn joined(all: &[&str]) -> String {
    all.join("---\n")
}

impl Rig {
    /// The revision that climbs is aborted; the commit that takes it back changes `file` alone, which then says `text`.
    async fn goes_back_in(&mut self, file: &str, text: &str) -> String {
        self.act("web", "abort");
        let (message, changed) = self.reverted().await;
        assert_eq!(changed, [file], "{message}");
        assert_eq!(std::fs::read_to_string(self.repo.join(file)).unwrap(), text);
        self.until("web is healthy at v1", |rig| {
            let is_back = rig.live_image("web").as_deref() == Some("example/web:v1");
            is_back && rig.rollout("web")["status"]["phase"] == "Healthy"
        })
        .await;
        self.stop().await;
        message
    }

    /// Delivers `web` with another image, which then climbs.
    async fn climbs(&mut self, text: &str) {
        self.write("web.yaml", text);
        self.deliver("v2").await;
        self.phase("web", "Paused").await;
    }
}

#[tokio::test]
async fn a_commit_is_undone_in_the_file_that_its_object_has_moved_to() {
    let mut rig = healthy().await;
    let (cfg, v1, v2) = (config("cfg", "1"), web("web", "v1", ""), web("web", "v2", ""));
    rig.climbs(&v2).await;
    rig.remove("web.yaml");
    rig.write("cfg.yaml", joined(&[&cfg, &v2]));
    rig.deliver("one file for all").await;
    let message = rig.goes_back_in("cfg.yaml", &joined(&[&cfg, &v1])).await;
    assert!(message.starts_with("Revert \"v2\"\n"), "{message}");
    assert_eq!(files(&rig), ["cfg.yaml"], "it is not moved back");
}

#[tokio::test]
async fn a_new_file_that_resembles_the_one_that_moved_away_is_left_alone() {
    let mut rig = healthy().await;
    let (cfg, v1, v2) = (config("cfg", "1"), web("web", "v1", ""), web("web", "v2", ""));
    rig.climbs(&v2).await;
    // git takes `web.yaml` for renamed to `api.yaml`, which is much like it.
    rig.remove("web.yaml");
    rig.write("cfg.yaml", joined(&[&cfg, &v2]));
    rig.write("api.yaml", v2.replace("name: web", "name: api").replace("app: web", "app: api"));
    rig.deliver("one file for what there was, and another service").await;
    rig.goes_back_in("cfg.yaml", &joined(&[&cfg, &v1])).await;
    assert!(rig.text("api.yaml").contains("example/web:v2"), "{}", rig.text("api.yaml"));
}

#[tokio::test]
async fn an_object_that_was_split_off_and_joined_elsewhere_does_not_come_back_twice() {
    let (cfg, misc) = (config("cfg", "1"), config("misc", "1"));
    let (v1, v2) = (web("web", "v1", ""), web("web", "v2", ""));
    let mut rig = Rig::new(&[("all.yaml", &joined(&[&cfg, &v1])), ("misc.yaml", &misc)]).await;
    rig.phase("web", "Healthy").await;
    rig.write("all.yaml", &cfg);
    rig.climbs(&v2).await;
    rig.remove("web.yaml");
    rig.write("misc.yaml", joined(&[&misc, &v2]));
    rig.deliver("joined to another").await;
    rig.goes_back_in("misc.yaml", &joined(&[&misc, &v1])).await;
    assert_eq!(rig.text("all.yaml"), cfg.trim_end(), "it stands in one file");
}

#[tokio::test]
async fn commits_whose_objects_have_all_moved_are_undone_one_on_top_of_the_other() {
    let uses = |image: &str| {
        let used = "        envFrom:\n        - configMapRef: {name: cfg}\n";
        web("web", image, "") + used
    };
    let cfg = |value: &str| {
        format!(
            "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: cfg}}, data: {{value: \"{value}\"}}}}\n"
        )
    };
    let mut rig = Rig::new(&[("web.yaml", &uses("v1")), ("cfg.yaml", &cfg("1"))]).await;
    rig.phase("web", "Healthy").await;
    git(&rig.repo, &["checkout", "-q", "-b", "next"]);
    rig.write("cfg.yaml", cfg("2"));
    let first = rig.commit("the configuration for v2");
    rig.write("web.yaml", uses("v2"));
    let second = rig.commit("v2");
    git(&rig.repo, &["checkout", "-q", "main"]);
    git(&rig.repo, &["merge", "-q", "--ff-only", "next"]);
    rig.applied(&second).await;
    rig.phase("web", "Paused").await;
    rig.remove("web.yaml");
    rig.remove("cfg.yaml");
    rig.write("all.yaml", joined(&[&cfg("2"), &uses("v2")]));
    rig.deliver("one file for all").await;
    let message = rig.goes_back_in("all.yaml", &joined(&[&cfg("1"), &uses("v1")])).await;
    assert!(message.contains(&first) && message.contains(&second), "{message}");
}
