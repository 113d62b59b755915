//! Seals: who may make, change and grant them, what is drawn, and what becomes of a photo.

use sealflow_core::model::contract_type::SealKind;
use sealflow_store::{
    organizations, people,
    seals::{self, NewSeal, Source},
};
use sealflow_tests::{db::TestStore, fixtures, on_both};
use serde_json::{Value, json};

use super::{
    World,
    world::{OPS, SENDER, SIGNER, STRANGER, TRANSACTOR, contract_pdf, id},
};

const RED: [u8; 3] = [215, 0, 15];
const BLUE: [u8; 3] = [29, 63, 168];

pub(super) async fn path(world: &World) -> String {
    format!("/api/organizations/{}/seals", world.organization().await)
}

pub(super) fn official() -> Value {
    json!({"kind": "official", "shape": "round", "color": "red", "digits": "3101150000001"})
}

async fn a_seal_is_drawn_as_it_was_previewed(db: TestStore) {
    let world = World::open(db).await;
    let (path, admin) = (path(&world).await, world.as_person(SENDER).await);
    let preview = admin.post(&format!("{path}/preview"), &official()).await.expect(200);
    assert_eq!((&preview["width_mm"], &preview["height_mm"]), (&json!(42.0), &json!(42.0)));
    assert_eq!(world.count("select count(*) from seals").await, 1, "a preview is not kept");

    let input = json!({"name": " 公章 ", "template": official()});
    let seal = admin.post(&path, &input).await.expect(201);
    assert_eq!(
        [&seal["name"], &seal["kind"], &seal["source"], &seal["shape"]],
        ["公章", "official", "template", "round"]
    );
    let image = admin.get(seal["svg_url"].as_str().unwrap()).await;
    assert_eq!(String::from_utf8(image.bytes).unwrap(), preview["svg"].as_str().unwrap());
    let listed = admin.get(&path).await.expect(200);
    let names: Vec<_> = listed["seals"].as_array().unwrap().iter().map(|seal| seal["name"].clone()).collect();
    assert_eq!(names.len(), 2);
    assert!(names.contains(&json!("公章")) && listed["may_create"] == true, "{listed}");
    // Who made it may use and manage it, nobody else.
    let detail = admin.get(&format!("/api/seals/{}", id(&seal))).await.expect(200);
    let people = detail["people"].as_array().unwrap().iter();
    let granted: Vec<_> = people.map(|person| (&person["name"], &person["permissions"])).collect();
    let expected = [(&json!("示例发起人"), &json!(["use", "manage"])), (&json!("示例经办人"), &json!([]))];
    assert!(granted.len() == 2 && expected.iter().all(|each| granted.contains(each)), "{detail}");
    admin.post(&path, &input).await.refused(409, "seal_name_taken");
    assert_eq!(world.count("select count(*) from audit where action = 'seal.create'").await, 1);
}

async fn each_shape_has_its_texts_and_sizes(db: TestStore) {
    let world = World::open(db).await;
    let preview = format!("{}/preview", path(&world).await);
    let admin = world.as_person(SENDER).await;
    let with = |changes: Value| {
        let mut template = official();
        for (key, value) in changes.as_object().unwrap() {
            template[key] = value.clone();
        }
        template
    };
    for (accepted, size) in [
        (with(json!({"shape": "oval", "kind": "invoice"})), (40.0, 30.0)),
        (with(json!({"shape": "triangle", "kind": "hr", "color": "blue", "width_mm": 45})), (45.0, 38.97)),
        (with(json!({"shape": "square", "kind": "finance", "digits": null})), (22.0, 22.0)),
        (
            with(json!({"shape": "square", "kind": "legal_rep", "digits": "", "person_name": "张三"})),
            (20.0, 20.0),
        ),
        (with(json!({"kind": "other", "text": "投标专用章", "color": "black"})), (38.0, 38.0)),
        (with(json!({"kind": "other", "text": "投标 专用"})), (38.0, 38.0)),
        (
            with(
                json!({"shape": "square", "kind": "legal_rep", "digits": null, "person_name": "John Smith"}),
            ),
            (20.0, 20.0),
        ),
    ] {
        let drawn = admin.post(&preview, &accepted).await.expect(200);
        let near = |key: &str, value: f64| (drawn[key].as_f64().unwrap() - value).abs() < 0.02;
        assert!(near("width_mm", size.0) && near("height_mm", size.1), "{accepted}: {drawn}");
    }
    for (refused, field, message) in [
        (with(json!({"kind": "legal_rep", "person_name": "张三"})), "shape", "法人章须为方形"),
        (
            with(json!({"kind": "legal_rep", "shape": "square", "digits": null})),
            "person_name",
            "请填写 2 至 12 个字的法定代表人姓名",
        ),
        (
            with(json!({"kind": "legal_rep", "shape": "square", "digits": null, "person_name": "张😀三"})),
            "person_name",
            "“😀”无法绘制在印章上，请更换",
        ),
        (with(json!({"person_name": "张三"})), "person_name", "该种印章没有此项文字"),
        (with(json!({"text": "假公章"})), "text", "该种印章没有此项文字"),
        (with(json!({"kind": "other"})), "text", "请填写印章的横向文字"),
        (with(json!({"kind": "other", "text": "一二三四五六七八九"})), "text", "最多 8 个"),
        (with(json!({"kind": "other", "text": "\u{e000}"})), "text", "“\u{e000}”无法绘制在印章上，请更换"),
        (with(json!({"digits": "123-4"})), "digits", "只能包含数字和字母"),
        (with(json!({"digits": "1".repeat(21)})), "digits", "最多 20 个"),
        (with(json!({"shape": "square", "kind": "finance"})), "digits", "该种印章没有此项文字"),
        (with(json!({"width_mm": 50})), "width_mm", "宽度应为 30–45 毫米"),
        (with(json!({"width_mm": -1})), "width_mm", "宽度应为 30–45 毫米"),
    ] {
        let problem = admin.post(&preview, &refused).await.refused(422, "invalid_fields");
        assert_eq!(problem["fields"][0], json!({"field": field, "message": message}), "{refused}");
    }
}

async fn a_photo_becomes_a_seal_in_one_ink(db: TestStore) {
    let world = World::open(db).await;
    let (path, admin) = (path(&world).await, world.as_person(SENDER).await);
    let look = "color=blue&width_mm=38";
    let preview = admin
        .upload(&format!("{path}/pictures/preview?{look}"), "a.png", fixtures::scan(RED))
        .await
        .expect(200);
    assert_eq!(preview["width_mm"], 38.0);
    let made = format!("{path}/pictures?name=%E6%97%A7%E7%AB%A0&kind=contract&{look}");
    let seal = admin.upload(&made, "a.png", fixtures::scan(RED)).await.expect(201);
    assert_eq!([&seal["name"], &seal["source"], &seal["color"]], ["旧章", "picture", "blue"]);
    let image = admin.get(seal["svg_url"].as_str().unwrap()).await;
    assert_eq!(String::from_utf8(image.bytes).unwrap(), preview["svg"].as_str().unwrap());
    admin.upload(&made, "a.png", fixtures::scan(BLUE)).await.refused(409, "seal_name_taken");

    let preview = format!("{path}/pictures/preview?{look}");
    admin.upload(&preview, "a.png", fixtures::scan([255; 3])).await.refused(422, "mark_blank");
    admin.upload(&preview, "a.pdf", contract_pdf()).await.refused(422, "mark_not_a_picture");
    admin.upload(&preview, "a.png", fixtures::scan(RED)[..600].to_vec()).await.refused(422, "mark_damaged");
    admin.upload(&preview, "a.png", Vec::new()).await.refused(422, "file_empty");
    let mut large = fixtures::scan(RED);
    large.resize(5 * 1024 * 1024 + 1, 0);
    admin.upload(&preview, "a.png", large).await.refused(413, "mark_too_large");
    let tiny = format!("{path}/pictures/preview?color=red&width_mm=5");
    admin.upload(&tiny, "a.png", fixtures::scan(RED)).await.refused(422, "invalid_fields");
    assert_eq!(world.count("select count(*) from seals").await, 2);
}

async fn only_administrators_make_seals_and_only_managers_change_them(db: TestStore) {
    let world = World::open(db).await;
    let path = path(&world).await;
    let seal = format!("/api/seals/{}", seal(&world).await);
    let change = json!({"name": "新名称", "enabled": true});
    let grant = format!("{seal}/grants/{}", world.person(TRANSACTOR).await);
    let template = json!({"name": "公章", "template": official()});
    let picture = format!("{path}/pictures?name=a&kind=other&color=red&width_mm=30");
    for (phone, status, code) in
        [(TRANSACTOR, 403, "forbidden"), (STRANGER, 404, "not_found"), (OPS, 404, "not_found")]
    {
        let other = world.as_person(phone).await;
        other.get(&path).await.refused(status, code);
        other.get(&seal).await.refused(status, code);
        other.post(&path, &template).await.refused(status, code);
        other.post(&format!("{path}/preview"), &official()).await.refused(status, code);
        other.upload(&picture, "a.png", fixtures::scan(RED)).await.refused(status, code);
        other.put(&seal, &change).await.refused(status, code);
        other.put(&grant, &json!({"permissions": ["use", "manage"]})).await.refused(status, code);
        assert!(!roles(&world, phone).await.contains(&json!("seal_manager")) || phone == STRANGER);
    }
    assert_eq!(world.count("select count(*) from seals").await, 1);
    assert_eq!(world.count("select count(*) from seal_grants").await, 2);

    // Who may manage this one may change it, and make none.
    let admin = world.as_person(SENDER).await;
    admin.put(&grant, &json!({"permissions": ["use", "manage"]})).await.expect(200);
    let manager = world.as_person(TRANSACTOR).await;
    assert!(roles(&world, TRANSACTOR).await.contains(&json!("seal_manager")));
    let listed = manager.get(&path).await.expect(200);
    assert_eq!((listed["seals"].as_array().unwrap().len(), &listed["may_create"]), (1, &json!(false)));
    assert_eq!(manager.put(&seal, &change).await.expect(200)["seal"]["name"], "新名称");
    manager.post(&path, &template).await.refused(403, "forbidden");
    // A grant to somebody who left is worth nothing.
    world.execute("delete from member_roles").await;
    world.execute("delete from members").await;
    manager.get(&seal).await.refused(403, "forbidden");
}

pub(super) async fn roles(world: &World, phone: &str) -> Vec<Value> {
    let me = world.as_person(phone).await.get("/api/me").await.expect(200);
    me["roles"].as_array().unwrap().clone()
}

/// The demo organization's seal.
pub(super) async fn seal(world: &World) -> String {
    let mut reader = world.db.store.read().await.unwrap();
    sqlx::query_scalar("select min(id) from seals").fetch_one(&mut *reader).await.unwrap()
}

async fn a_grant_is_given_and_taken_away(db: TestStore) {
    let world = World::open(db).await;
    let admin = world.as_person(SENDER).await;
    let seal = format!("/api/seals/{}", seal(&world).await);
    let to = async |phone| format!("{seal}/grants/{}", world.person(phone).await);
    let granted = |detail: &Value, name: &str| {
        let people = detail["people"].as_array().unwrap();
        people.iter().find(|person| person["name"] == name).unwrap()["permissions"].clone()
    };
    let before = admin.get(&seal).await.expect(200);
    assert_eq!(granted(&before, "示例经办人"), json!(["use"]));
    let none = json!({"permissions": []});
    let after = admin.put(&to(TRANSACTOR).await, &none).await.expect(200);
    assert_eq!(granted(&after, "示例经办人"), json!([]));
    assert_eq!(granted(&after, "示例发起人"), json!(["manage"]), "the others keep what they have");
    let both = json!({"permissions": ["manage", "use"]});
    for _ in 0..2 {
        let after = admin.put(&to(TRANSACTOR).await, &both).await.expect(200);
        assert_eq!(granted(&after, "示例经办人"), json!(["use", "manage"]));
    }
    admin.put(&to(STRANGER).await, &both).await.refused(404, "not_found");
    admin.put(&to(TRANSACTOR).await, &json!({"permissions": ["own"]})).await.refused(422, "invalid_fields");
    assert_eq!(world.count("select count(*) from seal_grants").await, 3);
    // A signer who is nobody's member is known by the platform only after a contract came.
    let mut tx = world.tx().await;
    let now_ms = tx.now().as_ms();
    people::find_or_add(tx.conn(), &SIGNER.parse().unwrap(), "示例签署人", now_ms).await.unwrap();
    tx.commit().await.unwrap();
    admin.put(&to(SIGNER).await, &both).await.refused(404, "not_found");
}

async fn a_disabled_seal_is_hidden_and_comes_back(db: TestStore) {
    let world = World::open(db).await;
    let contract = world.sent().await;
    super::signing::sign_as_person(&world, &contract).await;
    let buyer = format!("/api/signing/{}", super::world::recipient(&contract, "buyer"));
    let transactor = world.as_person(TRANSACTOR).await;
    let seals = async || transactor.get(&buyer).await.expect(200)["seals"].as_array().unwrap().len();
    assert_eq!(seals().await, 1);
    let admin = world.as_person(SENDER).await;
    let seal = format!("/api/seals/{}", seal(&world).await);
    let name = admin.get(&seal).await.expect(200)["seal"]["name"].clone();
    let enabled = |enabled: bool| json!({"name": name, "enabled": enabled});
    for _ in 0..2 {
        let detail = admin.put(&seal, &enabled(false)).await.expect(200);
        assert_eq!(detail["seal"]["enabled"], false);
    }
    assert_eq!(seals().await, 0);
    admin.put(&seal, &enabled(true)).await.expect(200);
    assert_eq!(seals().await, 1);
    assert_eq!(world.count("select count(*) from audit where action = 'seal.disable'").await, 1);
    assert_eq!(world.count("select count(*) from audit where action = 'seal.rename'").await, 0);
    admin.put(&seal, &json!({"name": "  ", "enabled": true})).await.refused(422, "invalid_fields");
}

async fn names_are_unique_and_numbers_limited(db: TestStore) {
    let world = World::open(db).await;
    let (path, admin) = (path(&world).await, world.as_person(SENDER).await);
    let made = admin.post(&path, &json!({"name": "公章", "template": official()})).await.expect(201);
    let seal = format!("/api/seals/{}", id(&made));
    admin.put(&seal, &json!({"name": "合同专用章", "enabled": true})).await.refused(409, "seal_name_taken");
    assert_eq!(admin.get(&seal).await.expect(200)["seal"]["name"], "公章");

    let mut tx = world.tx().await;
    let organization = organizations::memberships(tx.conn(), world.person(SENDER).await).await.unwrap();
    let (organization_id, now_ms) = (organization[0].organization.id, tx.now().as_ms());
    for number in 2..seals::MAX {
        let name = format!("印章 {number}");
        let (kind, spec) = (SealKind::Other, json!({}));
        let new =
            NewSeal { organization_id, name: &name, kind, source: Source::Template, svg: "", spec: &spec };
        seals::add(tx.conn(), &new, now_ms).await.unwrap();
    }
    tx.commit().await.unwrap();
    admin.post(&path, &json!({"name": "多余", "template": official()})).await.refused(422, "seal_limit");
    assert_eq!(world.count("select count(*) from seals").await, seals::MAX);
    // A removed one counts no more.
    admin.put(&seal, &json!({"name": "公章", "enabled": false})).await.expect(200);
    admin.delete(&seal).await.expect(204);
    admin.post(&path, &json!({"name": "多余", "template": official()})).await.expect(201);
}

on_both!(
    a_seal_is_drawn_as_it_was_previewed,
    each_shape_has_its_texts_and_sizes,
    a_photo_becomes_a_seal_in_one_ink,
    only_administrators_make_seals_and_only_managers_change_them,
    a_grant_is_given_and_taken_away,
    a_disabled_seal_is_hidden_and_comes_back,
    names_are_unique_and_numbers_limited,
);
