//! Faults: refusals, lost answers, broken watches.

use crate::sandbox::wire::{MAPS, get, map, post, sandbox};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use switchback::sandbox::{Fault, Moment, Refusal};

#[tokio::test]
async fn a_hook_may_refuse_before_and_lose_the_answer_after() {
    let server = sandbox(1);
    let conflict = || Fault::Refuse(Refusal::conflict("", "configmaps", "a", "it was asked for"));
    server.fault_hook(Some(Arc::new(move |m: Moment<'_>| match m {
        Moment::Before(a) if a.ask.writes() && a.writes_before == 0 && a.agent == "test/1" => conflict(),
        _ => Fault::None,
    })));
    assert_eq!(post(&server, MAPS, &map("a")).await.code, 409);
    assert_eq!(get(&server, &format!("{MAPS}/a")).await.code, 404);

    server.fault_hook(Some(Arc::new(|m: Moment<'_>| match m {
        Moment::After(..) => Fault::Break,
        _ => Fault::None,
    })));
    let api: kube::Api<k8s_openapi::api::core::v1::ConfigMap> =
        kube::Api::default_namespaced(server.client("default"));
    let object = serde_json::from_value(map("a")).unwrap();
    assert!(api.create(&Default::default(), &object).await.is_err());
    server.fault_hook(None);
    assert_eq!(get(&server, &format!("{MAPS}/a")).await.code, 200);
}

#[tokio::test]
async fn a_hook_learns_of_the_nth_write() {
    let server = sandbox(1);
    let crashed = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&crashed);
    server.fault_hook(Some(Arc::new(move |m: Moment<'_>| {
        if let Moment::After(attempt, 201) = m
            && attempt.writes_before == 2
        {
            seen.store(1, Ordering::SeqCst);
            return Fault::Break;
        }
        Fault::None
    })));
    for (n, name) in ["a", "b", "c"].into_iter().enumerate() {
        assert_eq!(crashed.load(Ordering::SeqCst), 0, "before write {n}");
        if n < 2 {
            post(&server, MAPS, &map(name)).await;
        } else {
            let api: kube::Api<k8s_openapi::api::core::v1::ConfigMap> =
                kube::Api::default_namespaced(server.client("default"));
            let object = serde_json::from_value(map(name)).unwrap();
            assert!(api.create(&Default::default(), &object).await.is_err());
        }
    }
    assert_eq!(crashed.load(Ordering::SeqCst), 1);
}
