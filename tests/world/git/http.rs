//! Over HTTP: `git http-backend` behind a server that can also misbehave.

use crate::git::rig::{Rig, all, every, listing, undo};
use crate::git::server::{Answer, Asked, Server, only};
use std::time::Duration;
use switchback::api::ids::CommitId;
use switchback::world::git::{Credentials, Git, GitError, Mirror, Options, Secret};

/// An origin with two commits; their ids.
fn two_commits(rig: &Rig) -> (CommitId, CommitId) {
    rig.origin("origin.git");
    let first = rig.publish("web.yaml", "image: v1\n", "first");
    (first, rig.publish("web.yaml", "image: v2\n", "second"))
}

fn impatient(rig: &Rig, url: &str) -> Options {
    let mut options = rig.options(url);
    options.limits.idle = Duration::from_millis(700);
    options.limits.whole = Duration::from_millis(1500);
    options
}

/// What fetching says when every question is answered by `rule`.
async fn said(rig: &Rig, rule: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> GitError {
    let server = Server::start(rig.path(""), rule).await;
    let mirror = Mirror::open(impatient(rig, &server.url("origin.git"))).unwrap();
    let error = mirror.fetch().await.unwrap_err();
    assert!(error.to_string().contains("127.0.0.1") && error.to_string().len() < 900, "{error}");
    error
}

#[tokio::test]
async fn everything_works_over_http() {
    let rig = Rig::new();
    let (first, second) = two_commits(&rig);
    let server = Server::plain(rig.path("")).await;
    let mirror = Mirror::open(rig.options(&server.url("origin.git/"))).unwrap();
    assert_eq!(mirror.name(), server.url("origin.git"));
    assert_eq!(mirror.fetch().await.unwrap().id, second);
    assert_eq!(listing(&mirror.files(&second, ".", every, all()).await.unwrap()), ["web.yaml=image: v2"]);
    assert_eq!(mirror.history(&second, &first, 9).await.unwrap().len(), 1);
    let commit = undo(&mirror, &[second]).await;
    assert_eq!(rig.head("origin.git"), commit);
    assert_eq!(mirror.fetch().await.unwrap().id, commit);
    rig.sound(&rig.path("origin.git"));
    rig.sound(&rig.mirror_dir());
    let asked = server.asked();
    assert!(asked.iter().all(|asked| asked.headers["user-agent"].starts_with("git/2.0 (switchback/")));
    assert!(asked.iter().all(|asked| !asked.headers.contains_key("authorization")));
}

#[tokio::test]
async fn who_waits_while_others_fetch_has_no_fetch_of_their_own() {
    let rig = Rig::new();
    let (_, second) = two_commits(&rig);
    let server = Server::plain(rig.path("")).await;
    let mirror = Mirror::open(rig.options(&server.url("origin.git"))).unwrap();
    mirror.fetch().await.unwrap();
    server.asked();
    let all = futures::future::join_all((0..10).map(|_| mirror.fetch())).await;
    assert!(all.into_iter().all(|head| head.unwrap().id == second));
    let asked = server.asked().len();
    assert!((1..=2).contains(&asked), "{asked} questions for ten who ask at once");
    let commit = undo(&mirror, &[second]).await;
    assert_eq!(mirror.fetch().await.unwrap().id, commit, "a push is seen by whoever asks later");
}

#[tokio::test]
async fn an_unmoved_branch_costs_one_question() {
    let rig = Rig::new();
    two_commits(&rig);
    let server = Server::plain(rig.path("")).await;
    let mirror = Mirror::open(rig.options(&server.url("origin.git"))).unwrap();
    mirror.fetch().await.unwrap();
    server.asked();
    mirror.fetch().await.unwrap();
    let asked: Vec<String> = server.asked().into_iter().map(|asked| asked.target).collect();
    assert_eq!(asked, ["/origin.git/info/refs?service=git-upload-pack"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_works_on_a_runtime_of_many_threads_too() {
    let rig = Rig::new();
    let (_, second) = two_commits(&rig);
    let server = Server::plain(rig.path("")).await;
    let mirror = std::sync::Arc::new(Mirror::open(rig.options(&server.url("origin.git"))).unwrap());
    let fetches = (0..8).map(|_| {
        let mirror = mirror.clone();
        tokio::spawn(async move { mirror.fetch().await.unwrap().id })
    });
    for fetch in fetches.collect::<Vec<_>>() {
        assert_eq!(fetch.await.unwrap(), second);
    }
    let asked = server.asked().len();
    assert!(
        (3..=10).contains(&asked),
        "{asked}: at most eight questions, and the objects fetched once (in two requests)"
    );
}

#[tokio::test]
async fn credentials_are_shown_and_read_anew_each_time() {
    let rig = Rig::new();
    two_commits(&rig);
    let try_with = async |url: String, credentials: Credentials| {
        let mut options = rig.options(&url);
        options.credentials = credentials;
        Mirror::open(options).unwrap().fetch().await
    };
    let server = Server::start(rig.path(""), only("Bearer sesame-open")).await;
    let url = server.url("origin.git");
    let file = rig.path("token");
    std::fs::write(&file, "wrong-token\n").unwrap();
    let bearer = Credentials::Bearer(Secret::File(file.clone()));
    let error = try_with(url.clone(), bearer.clone()).await.unwrap_err();
    assert!(
        matches!(&error, GitError::Unauthorized { why, .. } if why.contains("the one in") && why.contains("who are you?")),
        "{error}"
    );
    assert!(!error.to_string().contains("wrong-token"));
    std::fs::write(&file, "sesame-open\n").unwrap();
    try_with(url.clone(), bearer.clone()).await.unwrap();
    std::fs::remove_file(&file).unwrap();
    let error = try_with(url.clone(), bearer).await.unwrap_err();
    assert!(
        matches!(&error, GitError::Credentials { why, .. } if why.contains("mount or create it")),
        "{error}"
    );
    let error = try_with(url.clone(), Credentials::None).await.unwrap_err();
    assert!(
        matches!(&error, GitError::Unauthorized { why, .. } if why.contains("no credentials were given")),
        "{error}"
    );
    for odd in ["tok\nen: x", "tök", ""] {
        let error = try_with(url.clone(), Credentials::Bearer(Secret::Value(odd.into()))).await.unwrap_err();
        assert!(matches!(error, GitError::Credentials { .. }), "{error}");
    }
    let key = Credentials::SshKey { key: Secret::Value("k".into()) };
    assert!(matches!(try_with(url, key).await, Err(GitError::Credentials { .. })));
    // "x-access-token:pa:ss wörd" in base64.
    let server = Server::start(rig.path(""), only("Basic eC1hY2Nlc3MtdG9rZW46cGE6c3Mgd8O2cmQ=")).await;
    let password = Secret::Value("pa:ss wörd".into());
    let basic = |user: &str| Credentials::Basic { user: user.into(), password: password.clone() };
    try_with(server.url("origin.git"), basic("x-access-token")).await.unwrap();
    assert!(matches!(
        try_with(server.url("origin.git"), basic("a:b")).await,
        Err(GitError::Credentials { .. })
    ));
    let inside = server.url("origin.git").replace("//", "//x-access-token:pa%3Ass%20w%C3%B6rd@");
    try_with(inside, Credentials::None).await.unwrap();
}

#[tokio::test]
async fn redirects_stay_on_their_host() {
    let rig = Rig::new();
    let (_, second) = two_commits(&rig);
    let elsewhere = Server::plain(rig.path("")).await;
    let away = elsewhere.url("origin.git/info/refs?service=git-upload-pack&token=hush");
    let server = Server::start(rig.path(""), move |asked| match asked.target.split('?').next().unwrap() {
        "/old/info/refs" => {
            Answer::To(format!("/origin.git/info/refs?{}", asked.target.split_once('?').unwrap().1))
        }
        "/away/info/refs" => Answer::To(away.clone()),
        "/login/info/refs" => Answer::To("/users/sign_in".into()),
        "/loop/info/refs" => Answer::To("/loop/info/refs".into()),
        "/nowhere/info/refs" => Answer::To("http://".into()),
        path if path.starts_with("/moved") && asked.method == "POST" => {
            Answer::To("/origin.git/git-upload-pack".into())
        }
        _ => Answer::Backend,
    })
    .await;
    let open = |name: &str| {
        let mut options = rig.options(&server.url(name));
        options.credentials = Credentials::Bearer(Secret::Value("hush-hush".into()));
        Mirror::open(options).unwrap()
    };
    let mirror = open("old");
    assert_eq!(mirror.fetch().await.unwrap().id, second);
    undo(&mirror, &[second]).await;
    let error = open("away").fetch().await.unwrap_err();
    let place = elsewhere.url("origin.git");
    assert!(matches!(&error, GitError::Failed { why, .. } if why.contains(&place)), "{error}");
    assert!(!error.to_string().contains("hush"), "{error}");
    assert!(elsewhere.asked().is_empty(), "nothing was shown to another host");
    let error = open("login").fetch().await.unwrap_err();
    assert!(matches!(&error, GitError::NotGit { why, .. } if why.contains("/users/sign_in")), "{error}");
    let error = open("loop").fetch().await.unwrap_err();
    assert!(error.to_string().contains("more than 5 times"), "{error}");
    let error = open("nowhere").fetch().await.unwrap_err();
    assert!(error.to_string().contains("redirects to nowhere"), "{error}");
    std::os::unix::fs::symlink(rig.path("origin.git"), rig.path("moved.git")).unwrap();
    let error = open("moved.git").fetch().await.unwrap_err();
    assert!(matches!(&error, GitError::Failed { why, .. } if why.contains("moved while")), "{error}");
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let rig = Rig::new();
    two_commits(&rig);
    let html = "Content-Type: text/html; charset=utf-8\r\n";
    let text = "Content-Type: text/plain\r\n";
    let error = said(&rig, move |_| Answer::Say(403, text, "rate limit\x1b[31m exceeded\nfor you")).await;
    assert!(
        matches!(&error, GitError::Refused { why, .. } if why.ends_with("rate limit exceeded; for you")),
        "{error}"
    );
    for status in [404, 410] {
        let error = said(&rig, move |_| Answer::Say(status, "", "")).await;
        assert!(matches!(error, GitError::NotFound { .. }), "{error}");
    }
    for status in [500, 502, 503, 429, 408] {
        let error = said(&rig, move |_| Answer::Say(status, "", "busy")).await;
        assert!(matches!(&error, GitError::Unreachable { why, .. } if why.contains("busy")), "{error}");
    }
    for status in [403, 429, 503] {
        let error = said(&rig, move |_| Answer::Say(status, "Retry-After: 120\r\n", "busy")).await;
        let GitError::Throttled { why, after, .. } = &error else { panic!("{error}") };
        assert!(why.contains("busy") && after.as_secs() == 120, "{error}");
    }
    let error = said(&rig, move |_| Answer::Say(200, html, "<html><title>Sign in · Forge</title>")).await;
    assert!(
        matches!(&error, GitError::NotGit { why, .. } if why == "a web page, “Sign in · Forge”"),
        "{error}"
    );
    let error = said(&rig, move |_| Answer::Say(200, text, "0123 refs/heads/main")).await;
    assert!(matches!(&error, GitError::NotGit { why, .. } if why.contains("smart HTTP")), "{error}");
    let error = said(&rig, move |_| Answer::Say(200, "", "")).await;
    assert!(matches!(error, GitError::NotGit { .. }), "{error}");
    let error = said(&rig, |_| Answer::Say(418, "", "teapot")).await;
    assert!(matches!(&error, GitError::Failed { why, .. } if why.contains("teapot")), "{error}");
    // The backend itself does not know this repository.
    let server = Server::plain(rig.path("")).await;
    let mirror = Mirror::open(rig.options(&server.url("nowhere.git"))).unwrap();
    assert!(matches!(mirror.fetch().await, Err(GitError::NotFound { .. })));
}

#[tokio::test]
async fn answers_that_break_off_or_never_come_are_not_taken_for_git() {
    let rig = Rig::new();
    two_commits(&rig);
    for length in [0, 3, 60, 200] {
        for rule in [Answer::Cut as fn(usize) -> Answer, Answer::Short] {
            let error = said(&rig, move |_| rule(length)).await;
            assert!(matches!(error, GitError::Unreachable { .. }), "{length}: {error}");
            // The same, but only the pack is cut.
            let pack =
                move |asked: &Asked| if asked.method == "POST" { rule(length) } else { Answer::Backend };
            let error = said(&rig, pack).await;
            assert!(matches!(error, GitError::Unreachable { .. }), "{length}: {error}");
        }
    }
    let kind = "Content-Type: application/x-git-upload-pack-advertisement\r\n";
    for nonsense in ["zzzz", "0000", "0005", "001e# service=git-upload-pack\n00000000", "fffffffffff"] {
        let error = said(&rig, move |_| Answer::Say(200, kind, nonsense)).await;
        let fair =
            matches!(error, GitError::Unreachable { .. } | GitError::Empty { .. } | GitError::NotGit { .. });
        assert!(fair, "{nonsense}: {error}");
    }
    let error = said(&rig, |_| Answer::Silence).await;
    assert!(matches!(&error, GitError::Unreachable { why, .. } if why.contains("within 0.7 s")), "{error}");
    let error = said(&rig, |_| Answer::Drip).await;
    assert!(matches!(&error, GitError::Unreachable { why, .. } if why.contains("within 1.5 s")), "{error}");
    let mirror = Mirror::open(impatient(&rig, "http://127.0.0.1:1/x.git")).unwrap();
    let error = mirror.fetch().await.unwrap_err();
    assert!(matches!(&error, GitError::Unreachable { why, .. } if why.contains("refused")), "{error}");
    let mirror = Mirror::open(impatient(&rig, "http://no-such-host.invalid/x.git")).unwrap();
    assert!(matches!(mirror.fetch().await, Err(GitError::Unreachable { .. })));
}

#[tokio::test]
async fn compressed_answers_and_size_limits_are_understood() {
    let rig = Rig::new();
    let (_, second) = two_commits(&rig);
    let server = Server::start(rig.path(""), |_| Answer::Gzip).await;
    let mirror = Mirror::open(rig.options(&server.url("origin.git"))).unwrap();
    assert_eq!(mirror.fetch().await.unwrap().id, second);
    let mut options = rig.options(&server.url("origin.git"));
    options.dir = rig.path("others");
    options.limits.transfer_bytes = 500;
    let error = Mirror::open(options).unwrap().fetch().await.unwrap_err();
    assert!(matches!(&error, GitError::TooLarge { limit, .. } if limit == "500 bytes"), "{error}");
}

#[tokio::test]
async fn a_secret_that_the_server_echoes_is_not_passed_on() {
    let rig = Rig::new();
    two_commits(&rig);
    let server =
        Server::start(rig.path(""), |_| Answer::Say(403, "", "token sesame-open is not welcome")).await;
    let mut options = rig.options(&server.url("origin.git"));
    options.credentials = Credentials::Bearer(Secret::Value("sesame-open".into()));
    let error = Mirror::open(options).unwrap().fetch().await.unwrap_err();
    assert!(error.to_string().contains("token *** is not welcome"), "{error}");
}

#[tokio::test]
async fn a_dropped_future_hangs_up_and_the_mirror_stays_whole() {
    let rig = Rig::new();
    let (_, second) = two_commits(&rig);
    let server = Server::start(rig.path(""), {
        let times = std::sync::atomic::AtomicUsize::new(0);
        move |_| match times.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
            1 => Answer::Silence,
            _ => Answer::Backend,
        }
    })
    .await;
    let mirror = Mirror::open(rig.options(&server.url("origin.git"))).unwrap();
    let given_up = tokio::time::timeout(Duration::from_millis(500), mirror.fetch()).await;
    assert!(given_up.is_err());
    let started = tokio::time::Instant::now();
    assert_eq!(mirror.fetch().await.unwrap().id, second);
    assert!(started.elapsed() < Duration::from_secs(5), "the first call still held the lane");
    rig.sound(&rig.mirror_dir());
}
