//! What is written down of a delivery in the cluster: no value of a Secret, enough to merge after a restart, and never
//! over what somebody else has written.

use crate::delivery::rig::{Rig, config, git};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::{Compression, read::GzEncoder};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use switchback::api::inventory::{Applying, CHUNK, Inventory, head_of_part, of_secret, part};
use switchback::api::key::Key;
use switchback::logic::plan::DriftPolicy;
use switchback::sandbox::{Fault, Moment};
use tokio::time::Instant;

const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {token: aHVzaC1oLXRva2Vu}\nstringData: \
                      {password: hush-h-word, old: hush-h-old}\n";

async fn settled(files: &[(&str, &str)]) -> Rig {
    let mut rig = Rig::new(files).await;
    let first = git(&rig.repo, &["rev-parse", "HEAD"]);
    rig.applied(&first).await;
    rig
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let since = Instant::now();
    while !holds() {
        assert!(since.elapsed() < Duration::from_secs(20), "not within 20 s: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The Secrets of inventories.
fn kept(rig: &Rig) -> Vec<Value> {
    let mut all = rig.sandbox.snapshot("v1", "Secret", "");
    all.retain(|s| s["type"] == "switchback.dev/inventory");
    all
}

fn name(secret: &Value) -> &str {
    secret["metadata"]["name"].as_str().unwrap()
}

/// The head of the inventory (of the attempt).
fn head(rig: &Rig, attempt: bool) -> Value {
    let is_it = |s: &Value| name(s).ends_with("-attempt") == attempt && name(s).matches('-').count() <= 3;
    kept(rig).into_iter().find(is_it).unwrap()
}

/// The text of an inventory, put together from its parts.
fn unpacked(rig: &Rig, head: &Value) -> String {
    let (mut bytes, parts) = of_secret(head).unwrap();
    for part in parts {
        bytes.extend(of_secret(&rig.get("v1", "Secret", "default", &part).unwrap()).unwrap().0);
    }
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
    text
}

fn inventory(rig: &Rig) -> Inventory {
    serde_json::from_str(&unpacked(rig, &head(rig, false))).unwrap()
}

/// Writes something else into a Secret of an inventory.
fn put(rig: &Rig, mut head: Value, packed: &[u8]) {
    head["data"]["inventory"] = json!(STANDARD.encode(packed));
    rig.sandbox.update("test", head).unwrap();
}

/// Packed as it was before Secrets were sealed.
fn plain(what: &impl serde::Serialize) -> Vec<u8> {
    let mut value = serde_json::to_value(what).unwrap();
    value.as_object_mut().unwrap().remove("seal");
    let mut packed = Vec::new();
    let json = serde_json::to_vec(&value).unwrap();
    GzEncoder::new(json.as_slice(), Compression::new(6)).read_to_end(&mut packed).unwrap();
    packed
}

/// No value of [`SECRET`] is anywhere in what we keep.
fn assert_no_values(rig: &Rig) {
    for secret in kept(rig) {
        let (bytes, _) = of_secret(&secret).unwrap();
        let mut text = String::new();
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
        for value in ["hush-h", "aHVzaC1o", "token\":\"a", "4711"] {
            assert!(!text.contains(value), "{}: {text}", name(&secret));
        }
    }
}

fn data(rig: &Rig) -> Value {
    rig.get("v1", "Secret", "default", "s").unwrap()["data"].clone()
}

/// No digest was ever written to an object of the cluster.
fn assert_no_digests(rig: &Rig) {
    assert!(!json!(rig.owned()).to_string().contains("hmac"));
}

#[tokio::test]
async fn no_value_of_a_secret_is_written_down_and_it_is_merged_rightly_after_a_restart() {
    let mut rig = settled(&[("s.yaml", SECRET), ("a.yaml", &config("a", "1"))]).await;
    until("inventory", || kept(&rig).len() == 2).await;
    assert_no_values(&rig);
    let mut live = rig.get("v1", "Secret", "default", "s").unwrap();
    live["data"]["theirs"] = json!("c3RheXM=");
    rig.sandbox.update("kubectl", live).unwrap();
    rig.stop().await;
    let before = (head(&rig, false), head(&rig, true));
    rig.start().await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!((head(&rig, false), head(&rig, true)), before, "nothing is written anew by a restart");
    rig.stop().await;
    let next = SECRET.replace(", old: hush-h-old", "").replace("hush-h-word", "hush-h-next");
    rig.write("s.yaml", &next);
    let commit = rig.commit("rotate");
    rig.start().await;
    assert_eq!(rig.applied(&commit).await, (0, 1, 0));
    let wanted = json!({"token": "aHVzaC1oLXRva2Vu", "password": STANDARD.encode("hush-h-next"), "theirs": "c3RheXM="});
    assert_eq!(data(&rig), wanted, "what left Git is gone, what others added stays");
    rig.write("a.yaml", config("a", "2"));
    assert_eq!(rig.deliver("another").await, (0, 1, 0), "the Secret is as it was");
    assert_no_values(&rig);
    assert_no_digests(&rig);
    rig.stop().await;
}

#[tokio::test]
async fn after_a_restart_a_secret_is_seen_as_unchanged_where_only_what_git_changes_is_applied() {
    let mut rig = settled(&[("s.yaml", SECRET)]).await;
    rig.stop().await;
    let mut live = rig.get("v1", "Secret", "default", "s").unwrap();
    live["data"]["password"] = json!("YnkgaGFuZA==");
    rig.sandbox.update("kubectl", live).unwrap();
    rig.drift = DriftPolicy::Ignore;
    rig.write("a.yaml", config("a", "1"));
    let commit = rig.commit("another");
    rig.start().await;
    assert_eq!(rig.applied(&commit).await, (1, 0, 0), "the Secret is not looked at");
    assert_eq!(data(&rig)["password"], "YnkgaGFuZA==");
    rig.stop().await;
    rig.drift = DriftPolicy::Heal;
    rig.start().await;
    until("the Secret is as Git says", || data(&rig)["password"] == STANDARD.encode("hush-h-word")).await;
    let mut live = rig.get("v1", "Secret", "default", "s").unwrap();
    live["data"]["token"] = json!("YnkgaGFuZA==");
    tokio::time::sleep(Duration::from_millis(500)).await;
    live["metadata"]["resourceVersion"] = json!("");
    rig.sandbox.update("kubectl", live).unwrap();
    until("drift is healed by the value", || data(&rig)["token"] == "aHVzaC1oLXRva2Vu").await;
    assert_no_digests(&rig);
    assert_no_values(&rig);
    rig.stop().await;
}

#[tokio::test]
async fn inventories_that_hold_values_are_read_and_written_without() {
    let mut rig = settled(&[("s.yaml", SECRET), ("a.yaml", &config("a", "1"))]).await;
    rig.stop().await;
    let key = Key::core("Secret", "default", "s");
    let value = Arc::new(serde_json::to_value(json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s",
        "namespace": "default"}, "data": {"token": "aHVzaC1oLXRva2Vu"}, "stringData": {"password": "hush-h-word", "old": "hush-h-old"}})).unwrap());
    let mut old = inventory(&rig);
    old.base.insert(key.clone(), Arc::clone(&value));
    let attempt = Applying {
        number: old.number,
        base: [(key, ("v1".to_owned(), value))].into(),
        ..Applying::default()
    };
    put(&rig, head(&rig, false), &plain(&old));
    put(&rig, head(&rig, true), &plain(&attempt));
    rig.write("s.yaml", SECRET.replace(", old: hush-h-old", ""));
    let commit = rig.commit("less");
    rig.start().await;
    assert_eq!(rig.applied(&commit).await, (0, 1, 0));
    until("no values", || inventory(&rig).commit == commit).await;
    assert!(data(&rig).get("old").is_none(), "the base was read");
    assert_no_values(&rig);
    rig.stop().await;
    put(&rig, head(&rig, true), &plain(&attempt));
    let mut again = inventory(&rig);
    again.number = 9;
    put(&rig, head(&rig, false), &again.pack().unwrap());
    rig.start().await;
    until("a finished attempt is written over", || !unpacked(&rig, &head(&rig, true)).contains("hush-h"))
        .await;
    rig.stop().await;
}

#[tokio::test]
async fn what_was_cut_short_holds_no_values_and_is_taken_up_rightly() {
    let mut rig = settled(&[("s.yaml", SECRET)]).await;
    rig.stop().await;
    let known = inventory(&rig);
    let key = Key::core("Secret", "default", "s");
    let value = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "default"},
        "stringData": {"password": "hush-h-word", "lost": "hush-h-lost"}});
    let attempt = Applying {
        number: known.number + 1,
        commit: "cut".to_owned(),
        base: [(key, ("v1".to_owned(), Arc::new(value)))].into(),
        seal: known.seal.clone(),
        ..Applying::default()
    };
    put(&rig, head(&rig, true), &attempt.pack().unwrap());
    assert_no_values(&rig);
    let mut live = rig.get("v1", "Secret", "default", "s").unwrap();
    live["data"]["lost"] = json!(STANDARD.encode("hush-h-lost"));
    live["data"]["theirs"] = json!("c3RheXM=");
    rig.sandbox.update("test", live).unwrap();
    rig.start().await;
    until("what only the commit that was cut short brought is gone", || data(&rig).get("lost").is_none())
        .await;
    assert_eq!(data(&rig)["theirs"], "c3RheXM=");
    until("it is done", || inventory(&rig).number > known.number).await;
    assert_no_values(&rig);
    assert_no_digests(&rig);
    rig.stop().await;
}

#[tokio::test]
async fn what_a_successor_has_written_down_is_not_overwritten() {
    let mut rig = settled(&[("a.yaml", &config("a", "1")), ("b.yaml", &config("b", "1"))]).await;
    until("inventory", || kept(&rig).len() == 2).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut successors = inventory(&rig);
    successors.number = 40;
    successors.objects.insert(Key::core("ConfigMap", "default", "c"), "v1".to_owned());
    let mut c = rig.config("b").unwrap();
    c["metadata"]["name"] = json!("c");
    for word in ["uid", "resourceVersion", "creationTimestamp", "managedFields"] {
        c["metadata"].as_object_mut().unwrap().remove(word);
    }
    rig.sandbox.create("test", c).unwrap();
    put(&rig, head(&rig, false), &successors.pack().unwrap());
    rig.write("a.yaml", config("a", "2"));
    let commit = rig.commit("second");
    until("what the successor noted is pruned", || rig.config("c").is_none()).await;
    until("noted", || inventory(&rig).commit == commit).await;
    assert!(inventory(&rig).number >= 40, "counted on from what the successor has written");
    assert_eq!(rig.config("a").unwrap()["data"]["value"], "2");
    rig.stop().await;
}

/// A text that hardly gets smaller when it is compressed.
fn noise(seed: usize) -> String {
    (0..40_000).map(|n| format!("{:x}", (n * 7919 + seed) * (n + 31) % 65521)).collect()
}

/// An inventory in several Secrets.
async fn large() -> Rig {
    let files: Vec<(String, String)> =
        (0..14).map(|n| (format!("c{n}.yaml"), config(&format!("c{n}"), &noise(n)))).collect();
    let all: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let rig = settled(&all).await;
    until("inventory", || kept(&rig).iter().any(|s| !name(s).contains("-attempt") && inventory_parts(s) > 0))
        .await;
    rig
}

#[tokio::test]
async fn an_inventory_too_large_for_one_secret_is_kept_in_several_and_survives_the_end_between_them() {
    let mut rig = large().await;
    let before = head(&rig, false);
    let parts = of_secret(&before).unwrap().1;
    assert!(!parts.is_empty() && inventory(&rig).base.len() == 14);
    assert!(kept(&rig).iter().all(|s| of_secret(s).unwrap().0.len() <= CHUNK));
    rig.stop().await;
    let stray = format!("{}-deadbeef-0", name(&before));
    rig.sandbox.create("test", part(name(&before), &stray, "default", "x", b"cut short", None)).unwrap();
    rig.start().await; // its head was not written before an end
    rig.write("c0.yaml", config("c0", "small"));
    rig.remove("c1.yaml");
    assert_eq!(rig.deliver("second").await, (0, 1, 1));
    until("the parts of before are gone", || {
        parts.iter().all(|p| rig.get("v1", "Secret", "default", p).is_none())
    })
    .await;
    assert_eq!(inventory(&rig).base.len(), 13);
    until("what no head names is gone", || rig.get("v1", "Secret", "default", &stray).is_none()).await;
    rig.stop().await;
}

/// Names of Secrets that continue others, and those that a head names.
fn parts(rig: &Rig) -> (BTreeSet<String>, BTreeSet<String>) {
    let all = kept(rig);
    let is_part = |s: &&Value| head_of_part(s).is_some();
    let named = all.iter().filter(|s| !is_part(s)).flat_map(|s| of_secret(s).unwrap().1).collect();
    (all.iter().filter(is_part).map(|s| name(s).to_owned()).collect(), named)
}

#[tokio::test]
async fn parts_that_an_end_after_any_write_leaves_are_gone_after_the_next() {
    let mut rig = large().await;
    let (mut strays, mut ends) = (0, 0);
    for number in 1..40 {
        rig.stop().await;
        // The engine ends once so many of its writes were made: nothing it asks after that is answered.
        let (made, is_over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let over = Arc::clone(&is_over);
        rig.sandbox.fault_hook(Some(Arc::new(move |moment: Moment<'_>| match moment {
            Moment::Before(a) if a.agent.starts_with("switchback/") && over.load(Ordering::SeqCst) => {
                Fault::Break
            }
            Moment::After(a, _)
                if a.agent.starts_with("switchback/") && a.resource == "secrets" && !a.dry_run =>
            {
                if made.fetch_add(1, Ordering::SeqCst) + 1 < number {
                    return Fault::None;
                }
                over.store(true, Ordering::SeqCst);
                Fault::Break
            }
            _ => Fault::None,
        })));
        rig.write("c0.yaml", config("c0", &noise(1000 + number)));
        let commit = rig.commit("something");
        rig.start().await;
        until("it ends or is done", || {
            let (there, named) = parts(&rig);
            let is_done = name_of_commit(&head(&rig, false)) == commit && there == named;
            is_done || is_over.load(Ordering::SeqCst)
        })
        .await;
        rig.stop().await;
        rig.sandbox.fault_hook(None);
        let (there, named) = parts(&rig);
        assert!(named.is_subset(&there), "after {number} writes: {named:?} of {there:?}");
        if !is_over.load(Ordering::SeqCst) {
            break; // there are no more writes
        }
        (strays, ends) = (strays + usize::from(there != named), ends + 1);
        rig.start().await;
        rig.write("c1.yaml", config("c1", &noise(2000 + number)));
        rig.deliver("the next").await;
        until("only what is named is there", || {
            let (there, named) = parts(&rig);
            !named.is_empty() && there == named
        })
        .await;
    }
    assert!(strays > 1 && ends > 3, "{strays} of {ends} ends left something behind");
    rig.stop().await;
}

/// The commit that an inventory says was applied.
fn name_of_commit(head: &Value) -> &str {
    head["metadata"]["annotations"]["switchback.dev/commit"].as_str().unwrap()
}

fn inventory_parts(head: &Value) -> usize {
    of_secret(head).map_or(0, |(_, parts)| parts.len())
}

#[tokio::test]
async fn another_name_takes_over_what_the_old_one_had_without_a_word_of_another_delivery() {
    let mut rig =
        settled(&[("a.yaml", &config("a", "1")), ("s.yaml", SECRET), ("b.yaml", &config("b", "1"))]).await;
    until("inventory", || kept(&rig).len() == 2).await;
    rig.stop().await;
    let old = name(&head(&rig, false)).to_owned();
    let mut live = rig.get("v1", "Secret", "default", "s").unwrap();
    live["data"]["theirs"] = json!("c3RheXM=");
    rig.sandbox.update("kubectl", live).unwrap();
    rig.name = Some("shop".to_owned());
    rig.remove("b.yaml");
    rig.write("s.yaml", SECRET.replace(", old: hush-h-old", ""));
    let commit = rig.commit("moved");
    rig.start().await;
    assert_eq!(rig.applied(&commit).await, (0, 2, 1), "what left Git goes, though it carries the old name");
    assert!(rig.config("b").is_none() && data(&rig).get("old").is_none());
    assert_eq!(data(&rig)["theirs"], "c3RheXM=");
    until("the old inventory is gone", || kept(&rig).iter().all(|s| name(s) != old)).await;
    for object in rig.owned() {
        assert_eq!(object["metadata"]["annotations"]["switchback.dev/source"], "shop", "{object}");
        assert_eq!(object["metadata"]["labels"]["switchback.dev/delivery"], "shop");
    }
    assert!(kept(&rig).iter().all(|s| name(s).starts_with("shop")));
    rig.remove("a.yaml");
    assert_eq!(rig.deliver("less").await, (0, 0, 1));
    rig.stop().await;
}

#[tokio::test]
async fn what_was_applied_is_known_again_by_its_label_when_the_inventory_is_lost() {
    let mut rig =
        settled(&[("a.yaml", &config("a", "1")), ("b.yaml", &config("b", "1")), ("s.yaml", SECRET)]).await;
    let older = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "older", "namespace": "default"}});
    rig.sandbox.create("someone", older).unwrap();
    rig.write("older.yaml", config("older", "1"));
    assert_eq!(rig.deliver("one that was there").await, (0, 1, 0));
    until("inventory", || kept(&rig).len() == 2).await;
    rig.stop().await;
    for lost in kept(&rig) {
        rig.delete(&format!("/api/v1/namespaces/default/secrets/{}", name(&lost))).await;
    }
    let mut theirs = rig.config("b").unwrap();
    theirs["metadata"] =
        json!({"name": "theirs", "namespace": "default", "labels": theirs["metadata"]["labels"]});
    rig.sandbox.create("test", theirs).unwrap(); // made of ours, with its labels
    rig.remove("b.yaml");
    rig.remove("older.yaml");
    let commit = rig.commit("less");
    rig.start().await;
    let problem = rig.problem().await;
    assert!(problem.contains("4 objects that carry its label are taken in"), "{problem}");
    assert_eq!(rig.applied(&commit).await, (0, 0, 1));
    assert!(rig.config("b").is_none() && rig.config("theirs").is_some());
    let older = rig.config("older").unwrap(); // others had made it: it is let go
    assert!(!older["metadata"]["annotations"].to_string().contains("switchback.dev/"), "{older}");
    until("it is there again", || kept(&rig).iter().any(|s| !name(s).ends_with("-attempt"))).await;
    assert_eq!(inventory(&rig).objects.len(), 2);
    rig.stop().await;
}
