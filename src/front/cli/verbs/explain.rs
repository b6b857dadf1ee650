//! Decides what `explain` understands, and how a page or a field is shown.
//! It never decides what there is to say; `front::explain` does.

use crate::front::cli::output::DataFormat;
use crate::front::cli::verb::{Invocation, Verb};
use crate::front::cli::{output, print};
use crate::front::exit::Failure;
use crate::front::explain::fields::{self, Field, Unknown};
use crate::front::explain::nearest::nearest;
use crate::front::explain::topics::{self, Topic};
use crate::front::screen::{FAINT, STRONG, paint, symbols, width, wrapped};
use clap::{CommandFactory, Parser};
use serde_json::{Value, json};
use std::process::ExitCode;

/// A page about a concept, or what a field of our kinds means; without a word, all pages.
#[derive(Debug, Parser)]
#[command(
    after_help = "Examples:\n  switchback explain revert\n  switchback explain rollout.spec.strategy.canary.maxSurge"
)]
struct Explain {
    /// A concept, or the path of a field.
    #[arg(value_name = "TOPIC|FIELD")]
    word: Option<String>,
}

/// The row of this verb.
pub(crate) const VERB: Verb = Verb {
    name: "explain",
    talks: false,
    holds_cluster: false,
    outputs: output::DATA,
    flags: Explain::command,
    start: |call| Box::pin(explain(call)),
};

async fn explain(call: Invocation) -> Result<ExitCode, Failure> {
    let flags: Explain = call.flags()?;
    let format = call.common.data();
    let Some(word) = flags.word else { return all(format) };
    if let Some(topic) = topics::find(&word) {
        return page(topic, format);
    }
    match fields::find(&word) {
        Ok(found) => field(&found, format),
        Err(Unknown::Field { place, name, nearest }) => {
            let meant = nearest.map(|n| format!("; did you mean {place}.{n}?")).unwrap_or_default();
            Err(Failure::usage(format!(
                "{place} has no field `{name}`{meant} See those it has: switchback explain {place}"
            )))
        }
        Err(Unknown::Kind) => {
            let known = nearest(&word, topics::ALL.iter().map(|topic| topic.name));
            let meant = known.map(|n| format!("; did you mean {n}?")).unwrap_or_default();
            Err(Failure::usage(format!("there is no page `{word}`{meant} See them all: switchback explain")))
        }
    }
}

fn said(data: &Value, format: DataFormat) -> Result<ExitCode, Failure> {
    print::value(data, format)?;
    Ok(ExitCode::SUCCESS)
}

/// All pages, a line each.
fn all(format: Option<DataFormat>) -> Result<ExitCode, Failure> {
    if let Some(format) = format {
        let topics = topics::ALL.iter().map(|t| json!({"name": t.name, "summary": t.summary()}));
        return said(&json!({"topics": topics.collect::<Vec<_>>()}), format);
    }
    for topic in topics::ALL {
        let name = paint(STRONG, &format!("{:<16}", topic.name));
        anstream::println!("{name}  {}", topic.summary());
    }
    let hint = "switchback explain TOPIC · switchback explain rollout.spec";
    anstream::eprintln!("{}", paint(FAINT, &symbols(hint)));
    Ok(ExitCode::SUCCESS)
}

fn page(topic: &Topic, format: Option<DataFormat>) -> Result<ExitCode, Failure> {
    if let Some(format) = format {
        return said(&json!({"topic": topic.name, "text": topic.text}), format);
    }
    for (number, line) in topic.text.lines().enumerate() {
        let style = if number == 0 { STRONG } else { anstyle::Style::new() };
        anstream::println!("{}", paint(style, line));
    }
    Ok(ExitCode::SUCCESS)
}

fn field(field: &Field, format: Option<DataFormat>) -> Result<ExitCode, Failure> {
    if let Some(format) = format {
        let below = field.below.iter();
        let below = below.map(|(name, holds, must)| json!({"name": name, "type": holds, "required": must}));
        let data = json!({"path": field.path, "type": field.holds, "meaning": field.meaning,
            "fields": below.collect::<Vec<_>>()});
        return said(&data, format);
    }
    anstream::println!("{}  {}", paint(STRONG, &field.path), paint(FAINT, &field.holds));
    if !field.meaning.is_empty() {
        anstream::println!("{}", wrapped(&field.meaning, width()));
    }
    let widest = field.below.iter().map(|(name, ..)| name.len()).max().unwrap_or(0);
    for (name, holds, must) in &field.below {
        let must = if *must { ", required" } else { "" };
        anstream::println!("  {name:<widest$}  {}", paint(FAINT, &format!("{holds}{must}")));
    }
    Ok(ExitCode::SUCCESS)
}
