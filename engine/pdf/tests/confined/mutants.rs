//! Why: what a person would think of breaking is only a part of what breaks. Thousands of files of every kind are broken by
//! chance, and each must be read or refused in order: by an answer, not by the end of the child that opens it. What was read is signed
//! twice, and both signatures must be good.

mod breaking;

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use sealflow_pdf::{
    Appearance, FieldKind, SignRequest,
    confined::{Confined, Error, Limits},
    prepare, read,
};

use self::breaking::{Chance, broken};
use crate::{
    growing, myself,
    support::{
        field,
        kinds::{corpus, revisions},
        person_request,
        pki::{pki, trust},
        show, strokes,
    },
};

/// How many in CI; `SEALFLOW_MUTANTS` asks for more.
const COUNT: u64 = 10_000;
/// Another one with `SEALFLOW_MUTANTS_SEED`. Keys are drawn anew each time, so that a file which did harm is kept too.
const SEED: u64 = 20_261_124;
/// Files at one time, one for each child.
const CHILDREN: usize = 2;

/// A file to be broken.
struct Kind {
    name: String,
    file: Vec<u8>,
}

/// Every kind of file, and some of them with fields and signatures.
fn kinds() -> Vec<Kind> {
    let mut kinds = Vec::new();
    for (name, file, _) in corpus() {
        if ["table", "linearized, object streams", "AES, 256 bits"].contains(&name) {
            let [prepared, once, twice] = revisions(&file, 1, false);
            for (form, file) in [("prepared", prepared), ("signed", once), ("signed twice", twice)] {
                kinds.push(Kind { name: format!("{name}, {form}"), file });
            }
        }
        kinds.push(Kind { name: name.to_owned(), file });
    }
    kinds
}

/// The files before they are broken, for the fuzzer to begin with.
pub(crate) fn write_kinds(folder: &Path) {
    for kind in kinds() {
        fs::write(folder.join(format!("{}.pdf", kind.name.replace([',', ' '], "_"))), kind.file).unwrap();
    }
}

fn number(variable: &str, default: u64) -> u64 {
    env::var(variable).map_or(default, |text| text.parse().unwrap())
}

pub(crate) async fn mutants_are_refused_or_read() {
    let (count, seed) = (number("SEALFLOW_MUTANTS", COUNT), number("SEALFLOW_MUTANTS_SEED", SEED));
    println!("{count} mutants of seed {seed}");
    let kinds = std::sync::Arc::new(kinds());
    // Less memory than in production, so that what would come near its limit shows.
    let limits = Limits { memory_bytes: 512 << 20, children: CHILDREN, ..Limits::default() };
    let confined = myself(limits);
    let mut lanes = tokio::task::JoinSet::new();
    for lane in 0..CHILDREN {
        let (confined, kinds) = (confined.clone(), kinds.clone());
        lanes.spawn(async move {
            let mut tally = Tally::default();
            for number in (0..count).skip(lane).step_by(CHILDREN) {
                let mut chance = Chance::new(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
                let kind = chance.pick(&kinds);
                let other = chance.pick(&kinds);
                let (what, file) = broken(&mut chance, &kind.file, &other.file);
                if let Err(harm) = judged(&confined, &file, &mut tally).await {
                    let kept = keep(number, &file);
                    panic!(
                        "mutant {number} of seed {seed}, {}: {what}\n{harm}\nkept as {}",
                        kind.name,
                        kept.display()
                    );
                }
            }
            tally
        });
    }
    let mut all = Tally::default();
    while let Some(lane) = lanes.join_next().await {
        all.add(&lane.unwrap());
    }
    println!("{all:?}");
    assert_eq!(all.read + all.repaired + all.refused, count);
    // The breaking must leave something of each sort, or it breaks too much or too little.
    assert!(all.read > count / 50 && all.repaired > count / 50 && all.refused > count / 50, "{all:?}");
}

#[derive(Debug, Default)]
struct Tally {
    read: u64,
    repaired: u64,
    refused: u64,
    signed: u64,
    validated: u64,
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.read += other.read;
        self.repaired += other.repaired;
        self.refused += other.refused;
        self.signed += other.signed;
        self.validated += other.validated;
    }
}

/// Goes with a file all the way that an upload goes, as far as it comes. The error is what must not happen.
async fn judged(confined: &Confined, file: &[u8], tally: &mut Tally) -> Result<(), String> {
    if in_order("validate", confined.validate(file, &trust()).await)?.is_some() {
        tally.validated += 1;
    }
    let (repaired, inspection) = match confined.inspect(file).await {
        Err(Error::Read(read::Error::Damaged { .. })) => {
            let repaired = in_order("repair", confined.repair(file).await)?;
            let inspection = match &repaired {
                Some(repaired) => in_order("inspect again", confined.inspect(repaired).await)?,
                None => None,
            };
            (repaired, inspection)
        }
        answer => (None, in_order("inspect", answer)?),
    };
    let Some(inspection) = inspection else {
        tally.refused += 1;
        return Ok(());
    };
    if repaired.is_some() {
        tally.repaired += 1;
    } else {
        tally.read += 1;
    }
    let file = repaired.as_deref().unwrap_or(file);
    let fields = FIELDS.map(|name| field(name, FieldKind::Signature, 1, [60.0, 150.0, 140.0, 60.0]));
    let prepared = confined.prepare(file, &fields).await;
    if inspection.signatures > 0 {
        if let Some(prepared) = in_order("prepare", prepared)? {
            in_order("begin", confined.begin(growing(&prepared.bytes), &request(FIELDS[0])).await)?;
        }
        return Ok(());
    }
    // What was taken is signed by all, and stays signed.
    let prepared = match prepared {
        Ok(prepared) => prepared.bytes,
        // The page is too small.
        Err(Error::Prepare(prepare::Error::Field { .. })) => return Ok(()),
        Err(error) => return Err(format!("preparing: {error:?}")),
    };
    let once = confined
        .begin(growing(&prepared), &request(FIELDS[0]))
        .await
        .map_err(|error| format!("signing: {error:?}"))?;
    let once = pki().person.finish(once, false);
    let twice = confined
        .begin(growing(&once), &request(FIELDS[1]))
        .await
        .map_err(|error| format!("signing: {error:?}"))?;
    let twice = pki().company.finish(twice, false);
    tally.signed += 1;
    match confined.validate(&twice, &trust()).await {
        Ok(report) if report.passed() && report.signatures.len() == 2 => Ok(()),
        other => Err(format!("signed twice: {other:?}")),
    }
}

/// The answer, or none for a refusal in order.
fn in_order<T>(call: &str, answer: Result<T, Error>) -> Result<Option<T>, String> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(Error::Read(_) | Error::Prepare(_) | Error::Sign(_)) => Ok(None),
        Err(error) => Err(format!("{call}: {error}")),
    }
}

/// Names that no file has before.
const FIELDS: [&str; 2] = ["mutant_person", "mutant_company"];

/// Without text, for which each child would have to read a font.
fn request(field: &str) -> SignRequest {
    let appearances = vec![show(field, Appearance::Strokes(strokes()))];
    SignRequest { field: field.to_owned(), appearances, ..person_request() }
}

fn keep(number: u64, file: &[u8]) -> PathBuf {
    let path = env::temp_dir().join(format!("sealflow-mutant-{number}.pdf"));
    fs::write(&path, file).unwrap();
    path
}
