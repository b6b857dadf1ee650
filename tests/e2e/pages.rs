//! Where health and metrics are served: to this machine alone, and in a pod on its own address, where probes and Prometheus
//! come from.

use super::program::{LIMIT, Program, STEP, free_port};
use super::stage::{Stage, play};
use std::net::{Ipv4Addr, TcpStream};
use tokio::time::{Instant, sleep};

/// Another address of this machine; what listens at one address alone is not there.
const OTHER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

fn is_served(at: Ipv4Addr, port: u16) -> bool {
    TcpStream::connect((at, port)).is_ok()
}

/// Starts `line` on ports of its own, in a pod or not, and waits until both are served; answers them.
async fn started(stage: &Stage, line: &str, in_pod: bool, bind: &str) -> (Program, [u16; 2]) {
    let ports = [free_port(), free_port()];
    let line = format!("{line} --metrics-port {} --health-port {}{bind}", ports[0], ports[1]);
    let mut command = stage.switchback(&line);
    command.env_remove("KUBERNETES_SERVICE_HOST");
    if in_pod {
        command.env("KUBERNETES_SERVICE_HOST", "127.0.0.1").env("KUBERNETES_SERVICE_PORT", "1");
    }
    let program = Program::start(command, &stage.path("."), "served");
    let late = Instant::now() + LIMIT;
    while !ports.iter().all(|port| is_served(Ipv4Addr::LOCALHOST, *port)) {
        assert!(Instant::now() < late, "never served: {}", program.words());
        sleep(STEP).await;
    }
    (program, ports)
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_reach_a_pod_and_nobody_else_reaches_another_machine() {
    play("pages", async |stage| {
        let namespace = &stage.namespace;
        let controller = format!("controller --instance-id {namespace} --namespace {namespace} --namespaced");
        let run = format!("run --repo {} --namespace {namespace}", stage.shop().path.display());
        for line in [controller, format!("{run} --leader-elect=false")] {
            for (in_pod, bind, is_open) in [
                (false, "", false),
                (true, "", true),
                (true, " --bind 127.0.0.1", false),
                (false, " --bind 0.0.0.0", true),
            ] {
                let (mut program, ports) = started(stage, &line, in_pod, bind).await;
                for port in ports {
                    assert_eq!(is_served(OTHER, port), is_open, "{line}{bind}, in a pod: {in_pod}");
                }
                assert_eq!(program.terminate().await, 0);
            }
        }
    })
    .await;
}
