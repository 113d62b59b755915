//! The list of contracts: tabs, counts, search, pages, and each person's own view of it.

use sealflow_tests::{db::TestStore, on_both};
use serde_json::{Value, json};

use super::{
    World,
    world::{SENDER, SIGNER, STRANGER, TRANSACTOR, id},
};

fn titles(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().unwrap();
    items.iter().map(|item| item["title"].as_str().unwrap().to_owned()).collect()
}

async fn each_contract_is_in_one_tab(db: TestStore) {
    let world = World::open(db).await;
    let sender = world.as_person(SENDER).await;
    let (waiting, withdrawn, done) = (world.sent().await, world.sent().await, world.sent().await);
    world.draft().await;
    let withdraw = format!("/api/contracts/{}/withdraw", id(&withdrawn));
    sender.post(&withdraw, &json!({"reason": "示例"})).await.expect(200);
    super::signing::sign_as_person(&world, &done).await;
    super::signing::sign_as_organization(&world, &done).await;

    let of = async |phone: &str, view: &str| {
        world.as_person(phone).await.get(&format!("/api/contracts?view={view}")).await.expect(200)
    };
    let counts = of(SENDER, "all").await["counts"].clone();
    let expected = json!({
        "all": 4, "awaiting_me": 0, "awaiting_others": 1, "completed": 1, "expired": 0, "withdrawn": 1,
        "declined": 0, "draft": 1,
    });
    assert_eq!(counts, expected);
    assert_eq!(of(SENDER, "awaiting_others").await["items"][0]["id"], waiting["id"]);

    let mine = of(SIGNER, "awaiting_me").await;
    assert_eq!(mine["total"], 1);
    assert_eq!(mine["items"][0]["id"], waiting["id"]);
    assert_eq!(mine["items"][0]["my_recipient_id"], waiting["recipients"][0]["id"]);
    assert_eq!(mine["items"][0]["recipient_names"], json!(["示例签署人", "示例采购有限公司"]));
    assert_eq!(mine["counts"]["all"], 3);
    assert_eq!(mine["counts"]["draft"], 0);
    assert_eq!(of(TRANSACTOR, "all").await["total"], 1, "only where the turn has come");
    assert_eq!(of(STRANGER, "all").await["total"], 0);
    sender.get("/api/contracts?view=nonsense").await.refused(400, "bad_request");
}

async fn search_finds_titles_and_parties(db: TestStore) {
    let world = World::open(db).await;
    let sender = world.as_person(SENDER).await;
    for (title, name) in [("采购 100%_A", "示例甲"), ("租赁", "示例乙"), ("采购二", "示例丙")]
    {
        let mut input = world.input().await;
        input["title"] = json!(title);
        input["recipients"][0]["name"] = json!(name);
        sender.post("/api/contracts", &input).await.expect(201);
    }
    let find = async |query: &str| {
        let mut url = sender.url.join("/api/contracts").unwrap();
        url.query_pairs_mut().append_pair("query", query);
        titles(&sender.send(sender.http.get(url)).await.expect(200))
    };
    assert_eq!(find("采购").await.len(), 2 + 1, "two titles, and all have 示例采购有限公司 as a party");
    assert_eq!(find("租赁").await, ["租赁"]);
    assert_eq!(find("示例丙").await, ["采购二"]);
    assert_eq!(find("100%_a").await, ["采购 100%_A"]);
    assert_eq!(find("%").await, ["采购 100%_A"]);
    assert!(find("没有").await.is_empty());
    let newest = titles(&sender.get("/api/contracts").await.expect(200));
    assert_eq!(newest, ["采购二", "租赁", "采购 100%_A"]);
    sender.get(&format!("/api/contracts?query={}", "x".repeat(101))).await.refused(422, "invalid_fields");
}

async fn pages_follow_each_other(db: TestStore) {
    let world = World::open(db).await;
    let sender = world.as_person(SENDER).await;
    for n in 1..=5 {
        let mut input = world.input().await;
        input["title"] = json!(format!("合同 {n}"));
        sender.post("/api/contracts", &input).await.expect(201);
    }
    let page = async |n: u32| {
        let list = sender.get(&format!("/api/contracts?page={n}&page_size=2")).await.expect(200);
        assert_eq!(list["total"], 5);
        titles(&list)
    };
    assert_eq!(page(1).await, ["合同 5", "合同 4"]);
    assert_eq!(page(3).await, ["合同 1"]);
    assert!(page(4).await.is_empty());
    sender.get("/api/contracts?page=0").await.refused(422, "invalid_fields");
    sender.get("/api/contracts?page_size=101").await.refused(422, "invalid_fields");

    world.execute("update contracts set created_at_ms = 1000 where title = '合同 2'").await;
    let old = sender.get("/api/contracts?from_ms=1000&to_ms=1001").await.expect(200);
    assert_eq!(titles(&old), ["合同 2"]);
    assert_eq!(sender.get("/api/contracts?from_ms=1001&to_ms=2000").await.expect(200)["total"], 0);
}

on_both!(each_contract_is_in_one_tab, search_finds_titles_and_parties, pages_follow_each_other);
