//! `sealflow workflow simulate`: plays a definition through, by a script or by choices read from standard input.

use std::{
    io::{self, BufRead as _, IsTerminal as _},
    path::Path,
    process::ExitCode,
};

use anyhow::{Context as _, Result, anyhow, bail};
use sealflow_core::{
    Actor, Definition, EventKind, Timestamp,
    duration::Duration,
    scenario::{self, Cast, shown, time},
    simulate::{Begin, Choice, Simulation, choices},
};
use serde_json::{Value, json};

use super::{path, source};
use crate::{cli::Simulate, output};

/// The longest line that is read.
const LINE_CHARS_MAX: usize = 64 * 1024;

const HELP: &str = "\
Type a number to choose, followed by what is entered or found as JSON: 1 {\"reason\": \"…\"}
+PT2H moves the clock by two hours, q ends.";

/// Prints the path that is taken.
pub(super) fn run(args: &Simulate) -> Result<ExitCode> {
    let definition = source::definition(&args.file)?;
    match &args.script {
        Some(script) => scripted(&definition, script, args.json),
        None => chosen(&definition, args),
    }
}

fn scripted(definition: &Definition, script: &Path, as_json: bool) -> Result<ExitCode> {
    let report = scenario::run(definition, &source::read(script)?, &script.display().to_string());
    if !as_json {
        say!("{}", report.title);
    }
    for happening in &report.path {
        if as_json {
            say!("{}", path::as_json(happening));
        } else {
            say!("{}", path::words(happening, &report.cast));
        }
    }
    for fault in &report.faults {
        complain!("{fault}");
    }
    Ok(if report.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A definition that is played by hand.
struct Table<'d> {
    simulation: Simulation<'d>,
    cast: Cast,
    as_json: bool,
    /// How much of the path was printed.
    told: usize,
}

fn chosen(definition: &Definition, args: &Simulate) -> Result<ExitCode> {
    let at = time(&args.at).with_context(|| format!("--at {}", args.at))?;
    let cast = cast(args.input.as_deref(), at)?;
    let begin = Begin { input: cast.input.clone(), actor: Actor::System, at, seed: args.seed };
    let simulation = Simulation::start(definition, begin).map_err(|rejection| {
        let asked = definition.workflow().input.iter().cloned().collect::<Vec<_>>().join(", ");
        anyhow!(rejection).context(format!("the start is refused; --input gives an object with: {asked}"))
    })?;
    let mut table = Table { simulation, cast, as_json: args.json, told: 0 };
    let terminal = io::stdin().is_terminal();
    if terminal && !args.json {
        say!("{HELP}");
    }
    table.tell();
    let mut lines = io::stdin().lock().lines();
    loop {
        let choices = choices(definition, table.simulation.state(), table.simulation.clock());
        if choices.is_empty() {
            break;
        }
        if !args.json {
            table.offer(&choices);
        }
        if terminal {
            output::text("> ");
        }
        let Some(line) = lines.next().transpose()? else { break };
        match table.choose(&line, &choices) {
            Ok(true) => {}
            Ok(false) => break,
            // A person mends a typing error; a script must not go on with something else.
            Err(error) if terminal => complain!("{error:#}"),
            Err(error) => return Err(error),
        }
        table.tell();
    }
    if !args.json {
        let state = table.simulation.state();
        match state.outcome() {
            Some(outcome) => say!("It has ended with `{outcome}`, {}.", state.status()),
            None => say!("It stands in `{}`, {}.", state.at(), state.status()),
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn cast(input: Option<&str>, at: Timestamp) -> Result<Cast> {
    let input = input.unwrap_or("{}");
    let written = input.trim_start().starts_with('{') || input.contains(':') && !Path::new(input).exists();
    let (text, name) =
        if written { (input.to_owned(), "--input") } else { (source::read(Path::new(input))?, input) };
    Cast::read(&text, name, at).map_err(|fault| anyhow!("{fault}"))
}

impl Table<'_> {
    /// Prints what happened since it was last told.
    fn tell(&mut self) {
        for happening in self.simulation.path().get(self.told..).unwrap_or_default() {
            if self.as_json {
                say!("{}", path::as_json(happening));
            } else {
                say!("{}", path::words(happening, &self.cast));
            }
        }
        self.told = self.simulation.path().len();
    }

    fn offer(&self, choices: &[Choice]) {
        say!("It is {}.", shown(self.simulation.clock()));
        for (index, choice) in choices.iter().enumerate() {
            let words = match choice {
                Choice::Act { person, action, item } => {
                    let item = item.as_ref().map(|item| format!(" for {item}")).unwrap_or_default();
                    format!("{person}: {action}{item}")
                }
                Choice::Job { key, outcome } => format!("the job {key} reports {outcome}"),
                Choice::Timer { key, due_at } => format!("go on to the timer {key} at {}", shown(*due_at)),
            };
            say!("{:>3}. {}", index + 1, self.cast.readable(&words));
        }
    }

    /// False to end.
    fn choose(&mut self, line: &str, choices: &[Choice]) -> Result<bool> {
        let line = line.trim();
        if line.len() > LINE_CHARS_MAX {
            bail!("a line has at most {LINE_CHARS_MAX} bytes");
        }
        if line == "q" {
            return Ok(false);
        }
        if line.is_empty() {
            return Ok(true);
        }
        if let Some(duration) = line.strip_prefix('+') {
            let ms = Duration::new(duration.trim()).as_ms()?;
            self.simulation.advance_to(self.simulation.clock().plus_ms(ms))?;
            return Ok(true);
        }
        let (number, data) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let number: usize =
            number.parse().map_err(|_| anyhow!("{number:?} is no number, no +duration, no q"))?;
        let choice = number
            .checked_sub(1)
            .and_then(|index| choices.get(index))
            .with_context(|| format!("there are choices 1 to {}", choices.len()))?;
        self.take(choice, data.trim())?;
        Ok(true)
    }

    fn take(&mut self, choice: &Choice, data: &str) -> Result<()> {
        let data: Value = if data.is_empty() {
            json!({})
        } else {
            serde_json::from_str(data).context("what follows is no JSON")?
        };
        match choice {
            Choice::Act { person, action, item } => {
                let actor = Actor::Person { id: *person, acting_as: None };
                let kind = EventKind::Action { name: action.clone(), item: item.clone(), data };
                self.simulation.happen(actor, kind);
            }
            Choice::Job { key, outcome } => {
                let kind = EventKind::JobResult { key: key.clone(), outcome: outcome.clone(), data };
                self.simulation.happen(Actor::Worker, kind);
            }
            Choice::Timer { due_at, .. } => {
                self.simulation.advance_to((*due_at).max(self.simulation.clock()))?;
            }
        }
        Ok(())
    }
}
