//! What a contract can carry beside a drawn signature and a seal: a signature of a photo, a seal across all pages, and text as the
//! sender wants it set. Judged by another program's picture of the pages.

use std::process::Command;

use sealflow_core::{
    ids::RecipientId,
    model::contract_type::{Edge, FieldKind, TextAlign, TextColor, TextFont, TextOverflow, TextStyle},
};
use sealflow_pdf::picture::{Mark, Wanted, clean};
use sealflow_store::{
    documents,
    fields::{self, NewField, Place, Span, Value},
    recipients, signatures,
};
use sealflow_tests::{db::TestStore, fixtures, on_both};
use serde_json::json;

use super::{Contract, Platform, judge, stamp_both};
use crate::api::{
    World,
    world::{SENDER, id},
};

const WORDS: &str = "交货地点：上海市示例路一号";

fn place(page: u32, [x, y, w, h]: [f64; 4]) -> Place {
    Place { page, x, y, w, h }
}

/// A seal of the demonstration's organization that shows something.
async fn seal(world: &World) -> sealflow_core::ids::SealId {
    let admin = world.as_person(SENDER).await;
    let path = format!("/api/organizations/{}/seals", world.organization().await);
    let template = json!({"kind": "official", "shape": "round", "color": "red"});
    let made = admin.post(&path, &json!({"name": "公章", "template": template})).await.expect(201);
    id(&made).parse().unwrap()
}

/// The supplier has a photo's signature and a text, the buyer a seal and one across all eleven pages.
pub(super) async fn contract(world: &World) -> Contract {
    let seal_id = seal(world).await;
    let draft = world.draft().await;
    let contract = id(&draft).parse().unwrap();
    let wanted = Wanted { mark: Mark::Signature, color: sealflow_pdf::seal::Color::Black, width_mm: 40.0 };
    let cleaned = clean(&fixtures::scan([20, 20, 60]), &wanted).unwrap();
    let sha256 = world.db.store.blobs().put(cleaned.svg.into()).await.unwrap();
    let signer = world.person(SENDER).await;
    let mut tx = world.tx().await;
    let now_ms = tx.now().as_ms();
    let kept = signatures::add(tx.conn(), signer, &sha256, now_ms).await.unwrap();
    let document = documents::list(tx.conn(), contract).await.unwrap().remove(0).id;
    let parties: Vec<RecipientId> =
        recipients::list(tx.conn(), contract).await.unwrap().iter().map(|party| party.id).collect();
    let style = TextStyle {
        font: TextFont::Serif,
        size: Some(12.0),
        color: TextColor::Blue,
        align: TextAlign::Right,
        overflow: TextOverflow::Refuse,
    };
    let new = |party: usize, name: &str, kind, place| NewField {
        document_id: document,
        recipient_id: parties[party],
        name: name.to_owned(),
        kind,
        place,
        seal_kind: None,
        style: None,
        span: None,
    };
    let across = Span { to_page: 11, edge: Edge::Right };
    let all = [
        (
            new(0, "signature", FieldKind::Signature, place(1, [60.0, 60.0, 140.0, 60.0])),
            Value::Image { signature_id: kept.id, sha256: sha256.clone() },
        ),
        (
            NewField {
                style: Some(style),
                ..new(0, "words", FieldKind::Text, place(1, [60.0, 150.0, 300.0, 24.0]))
            },
            Value::Text { text: WORDS.to_owned() },
        ),
        (new(1, "seal", FieldKind::Seal, place(1, [300.0, 60.0, 113.4, 113.4])), Value::Seal { seal_id }),
        (
            NewField {
                span: Some(across),
                ..new(1, "edge", FieldKind::CrossPageSeal, place(1, [0.0, 400.0, 113.4, 113.4]))
            },
            Value::Seal { seal_id },
        ),
    ];
    for (field, value) in &all {
        let id = fields::add(tx.conn(), contract, field).await.unwrap();
        fields::set_value(tx.conn(), id, Some(value), now_ms).await.unwrap();
    }
    tx.commit().await.unwrap();
    Contract { id: contract, document, recipients: parties }
}

/// How many pixels of a page at 72 dots an inch, in a box from its upper left corner, have such a colour.
fn count(pages: &std::path::Path, page: usize, [x, y, w, h]: [usize; 4], is: fn([u8; 3]) -> bool) -> usize {
    let bytes = std::fs::read(pages.join(format!("page-{page:02}.ppm"))).unwrap();
    let words: Vec<&[u8]> = bytes.splitn(5, u8::is_ascii_whitespace).collect();
    let width: usize = std::str::from_utf8(words[1]).unwrap().parse().unwrap();
    let inside = (y..y + h).flat_map(|row| (x..x + w).map(move |column| (row * width + column) * 3));
    inside.filter(|at| is([words[4][*at], words[4][*at + 1], words[4][*at + 2]])).count()
}

const fn red([r, g, b]: [u8; 3]) -> bool {
    r > 150 && g < 120 && b < 120
}
const fn blue([r, g, b]: [u8; 3]) -> bool {
    b > 110 && r < 110 && g < 120
}
const fn dark([r, g, b]: [u8; 3]) -> bool {
    r < 110 && g < 110 && b < 110
}

async fn marks_are_stamped_as_they_were_confirmed(db: TestStore) {
    let world = World::open(db).await;
    let contract = contract(&world).await;
    let mut platform = Platform::start(&world.db, 1, "").await;
    stamp_both(&world, &contract).await;
    let revisions = judge(&world, &contract, &platform.trust()).await;
    platform.running.stop().await.unwrap();

    let file = world.db.store.blobs().get(&revisions[3].sha256).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("signed.pdf"), &file).unwrap();
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    run("pdftoppm", &["-r", "72", "signed.pdf", "page"]);
    // Each page has its slice, 10.3 points wide, where the seal stands, and nothing of it elsewhere on the edge.
    for page in 1..=11 {
        let slice = count(folder.path(), page, [584, 328, 11, 114], red);
        assert!(slice > 15, "page {page}: {slice} red pixels on the edge");
        assert_eq!(count(folder.path(), page, [584, 0, 11, 320], red), 0, "page {page}");
    }
    assert!(count(folder.path(), 1, [300, 668, 113, 113], red) > 1_000, "the seal");
    assert!(count(folder.path(), 1, [60, 722, 140, 60], dark) > 150, "the photo's signature");
    // Aligned to the right, so that the left part of the field is empty.
    assert!(count(folder.path(), 1, [200, 668, 160, 24], blue) > 150, "the text");
    assert_eq!(count(folder.path(), 1, [60, 668, 100, 24], blue), 0, "the text is at the right");
    let text = run("pdftotext", &["-f", "1", "-l", "1", "signed.pdf", "-"]);
    assert!(text.contains(WORDS), "{text}");
}

on_both!(marks_are_stamped_as_they_were_confirmed,);
