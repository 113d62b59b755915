//! Runs a scenario: every step is done, then what it expects is looked at. It ends at the first step that is not as
//! written, because nothing after it means what was meant.

use super::{Cast, Report, Scenario, fault::Fault, play::Play};
use crate::{
    Definition, Diagnostic,
    parse::{
        self,
        tree::{Node, Position, Segment},
    },
};

/// Runs a scenario of a definition; `file_name` only names it in what is reported.
#[must_use]
pub fn run(def: &Definition, source: &str, file_name: &str) -> Report {
    let (node, scenario) = match parse::read_source::<Scenario>(source, file_name) {
        Ok(read) => read,
        Err(faults) => {
            return Report {
                title: String::new(),
                path: Vec::new(),
                cast: Cast::default(),
                steps: 0,
                faults,
            };
        }
    };
    let mut report = Report {
        title: scenario.scenario.clone(),
        path: Vec::new(),
        cast: Cast::default(),
        steps: 0,
        faults: Vec::new(),
    };
    let place = |position: Position, number: Option<usize>, fault: Fault| Diagnostic {
        file: file_name.to_owned(),
        line: position.line.max(1),
        column: position.column.max(1),
        message: match number {
            Some(number) => format!("step {number}: {}", fault.message),
            None => fault.message,
        },
        help: fault.help,
    };
    let mut play = match Play::start(def, &scenario) {
        Ok(Some(play)) => play,
        Ok(None) => return report,
        Err(faults) => {
            report.faults =
                faults.into_iter().map(|fault| place(node.find(&fault.keys), None, fault)).collect();
            return report;
        }
    };
    for (index, step) in scenario.steps.iter().enumerate() {
        let faults = play.step(step);
        if !faults.is_empty() {
            report.faults = faults
                .into_iter()
                .map(|fault| place(position(&node, index, &fault.keys), Some(index + 1), fault))
                .collect();
            break;
        }
        report.steps += 1;
    }
    report.path = play.simulation.path().to_vec();
    report.cast = Cast::of(play.names);
    report
}

fn position(node: &Node, index: usize, keys: &[Segment]) -> Position {
    let mut path: Vec<Segment> = vec!["steps".into(), index.into()];
    path.extend_from_slice(keys);
    node.find(&path)
}
